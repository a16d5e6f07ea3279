//! Mail to people, by the operator's SMTP server, if one is set. Nothing waits for it, and nothing
//! depends on it: what is mailed is shown as well.

use std::time::Duration;

use hallpass_core::{Email, Organization, organization::Invitation};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};

use crate::config::Config;

/// For one message to be taken by the server.
const LIMIT: Duration = Duration::from_secs(20);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Why mail did not leave. For the log and the command line; never holds the message.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// No server is set.
    #[error("no mail server is set: see smtp_url and mail_from")]
    NotSetUp,
    /// The settings.
    #[error("smtp_url or mail_from cannot be used: {0}")]
    Settings(String),
    /// The password's file.
    #[error("cannot read smtp_password_file: {0}")]
    Password(std::io::Error),
    /// The server.
    #[error("the mail server did not take the message: {0}")]
    Refused(#[from] lettre::transport::smtp::Error),
}

/// Whether the settings of mail can be used, as far as can be told without sending.
pub fn check(config: &Config) -> Result<(), NotSent> {
    match transport(config).and_then(|_| sender(config)) {
        Ok(_) | Err(NotSent::NotSetUp) => Ok(()),
        Err(why) => Err(why),
    }
}

/// Whether mail can be sent at all.
pub fn is_set_up(config: &Config) -> bool {
    config.smtp_url.is_some() && config.mail_from.is_some()
}

/// Mails an invitation to whom it is meant for.
pub async fn invite(
    config: &Config,
    organization: &Organization,
    invitation: &Invitation,
    url: &str,
) -> Result<(), NotSent> {
    let subject = format!("Join {} at {}", organization.name, config.issuer_host());
    let text = format!(
        "{by} asks you to join {organization} as {role}, who {meaning}.\n\n\
         Follow this link within 7 days. It works once, and whoever has it can use it:\n\n\
         {url}\n\n\
         If you did not expect this, do nothing.\n",
        by = invitation.invited_by,
        organization = organization.name,
        role = invitation.role,
        meaning = invitation.role.meaning(),
    );
    send(config, &invitation.email, &subject, text).await
}

/// The same, where an invitation stands without: whether the mail server took it. Trouble is logged.
pub(crate) async fn tries_to_invite(
    config: &Config,
    organization: &Organization,
    invitation: &Invitation,
    url: &str,
) -> bool {
    match invite(config, organization, invitation, url).await {
        Ok(()) => true,
        Err(NotSent::NotSetUp) => false,
        Err(why) => {
            tracing::warn!(%why, "An invitation was not mailed");
            false
        }
    }
}

/// Tells a member what has happened to their organization's credentials.
pub(crate) async fn tell(
    config: &Config,
    organization: &Organization,
    to: &Email,
    said: &str,
) -> Result<(), NotSent> {
    let subject = format!("{} at {}: a notice", organization.name, config.issuer_host());
    let credentials = config.url(&format!("/organizations/{}/credentials", organization.id));
    let settings = config.url(&format!("/organizations/{}/settings/notices", organization.id));
    let text = format!(
        "{said}\n\n\
         The credentials of {name}:\n{credentials}\n\n\
         You get this as an owner or admin. What is mailed is chosen here:\n{settings}\n",
        name = organization.name,
    );
    send(config, to, &subject, text).await
}

/// Sends a message of plain text.
async fn send(config: &Config, to: &Email, subject: &str, text: String) -> Result<(), NotSent> {
    let mut transport = transport(config)?;
    if let (Some(user), Some(file)) = (&config.smtp_user, &config.smtp_password_file) {
        // Read each time, so that a changed password needs no restart.
        let password = tokio::fs::read_to_string(file).await.map_err(NotSent::Password)?;
        let password = zeroize::Zeroizing::new(password);
        let login = Credentials::new(user.clone(), password.trim_end().to_owned());
        transport = transport.credentials(login);
    }
    let unfit = |why: &dyn std::fmt::Display| NotSent::Settings(why.to_string());
    let to: Mailbox = to.as_str().parse().map_err(|why| unfit(&why))?;
    let message = Message::builder()
        .from(sender(config)?)
        .to(to)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|why| unfit(&why))?;
    transport.timeout(Some(LIMIT)).build::<Tokio1Executor>().send(message).await?;
    Ok(())
}

fn sender(config: &Config) -> Result<Mailbox, NotSent> {
    let from = config.mail_from.as_deref().ok_or(NotSent::NotSetUp)?;
    from.parse().map_err(|why| NotSent::Settings(format!("{why}")))
}

/// `smtps://host` speaks TLS from the first byte, `smtp://host` begins TLS before anything is
/// said; on loopback alone `smtp` goes without.
fn transport(
    config: &Config,
) -> Result<lettre::transport::smtp::AsyncSmtpTransportBuilder, NotSent> {
    let url = config.smtp_url.as_deref().ok_or(NotSent::NotSetUp)?;
    let unfit = |why: &str| NotSent::Settings(format!("{url:?}: {why}"));
    let uri: http::Uri = url.parse().map_err(|_| unfit("it is no URL"))?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(unfit("write smtps://host or smtp://host"));
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(unfit("the login belongs in smtp_user and smtp_password_file"));
    }
    let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let builder = match scheme {
        "smtps" => Transport::relay(host)?,
        "smtp" if is_loopback => Transport::builder_dangerous(host),
        "smtp" => Transport::starttls_relay(host)?,
        _ => return Err(unfit("write smtps://host or smtp://host")),
    };
    Ok(match uri.port_u16() {
        Some(port) => builder.port(port),
        None => builder,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_or_a_clear_connection_over_the_network_is_refused() {
        for (url, from, ok) in [
            ("smtps://mail.example.com", "Hallpass <hallpass@example.com>", true),
            ("smtp://mail.example.com:2525", "hallpass@example.com", true),
            ("smtp://127.0.0.1:25", "hallpass@example.com", true),
            ("smtps://user:secret@mail.example.com", "hallpass@example.com", false),
            ("http://mail.example.com", "hallpass@example.com", false),
            ("mail.example.com", "hallpass@example.com", false),
            ("smtps://mail.example.com", "nobody", false),
        ] {
            let config = Config {
                smtp_url: Some(url.to_owned()),
                mail_from: Some(from.to_owned()),
                ..Config::default()
            };
            assert_eq!(check(&config).is_ok(), ok, "{url} {from}");
        }
        assert!(check(&Config::default()).is_ok(), "no mail is no mistake");
    }
}
