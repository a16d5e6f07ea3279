//! `hallpass operator`: people with power over the installation.

use clap::Subcommand;
use hallpass_core::{Email, Person, text::Name};
use hallpass_server::management::people::{self, LetIn};
use serde_json::json;

use crate::{
    config::Config,
    installation::Installation,
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Give a person power over the installation; prints a link if they cannot sign in yet
    Add {
        /// Their e-mail address
        email: Email,
        /// What they are called (the address up to the @ unless said)
        #[arg(long)]
        name: Option<Name>,
    },
    /// List all operators
    List,
    /// Take the power away again; they stay members where they are
    Remove {
        /// Their e-mail address
        email: Email,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let act = installation.act();
    match command {
        Command::Add { email, name } => {
            let made = people::add_operator(&act, email, name).await?;
            print(&made, config, output);
        }
        Command::List => {
            let all = people::operators(&act).await?;
            let objects: Vec<_> = all.iter().map(object).collect();
            output.print(&objects, || {
                let rows: Vec<_> = all.iter().map(row).collect();
                table(&["name", "e-mail", "since", "can sign in"], &rows)
            });
        }
        Command::Remove { email } => {
            let person = people::remove_operator(&act, &email).await?;
            output.print(&object(&person), || {
                format!("{} is no operator any more, and is signed out.", person.email)
            });
        }
    }
    Ok(())
}

/// Prints a person, and the link that lets them in.
pub(super) fn print(made: &LetIn, config: &Config, output: Output) {
    let person = &made.person;
    let link = made.link.as_ref().map(|link| url(config, link.expose()));
    let mut value = object(person);
    value["link"] = json!(link);
    output.print(&value, || match &link {
        Some(link) => format!(
            "{} ({}) signs in once by this link, within 7 days. Whoever has it is that person:\n\n    \
             {link}\n",
            person.name, person.email
        ),
        None => format!("{} ({}) signs in as before.", person.name, person.email),
    });
}

/// A link that lets a person in.
pub(super) fn url(config: &Config, text: &str) -> String {
    config.server.url(&format!("/sign-in/link/{text}"))
}

/// What scripts learn of a person: nothing by which they prove who they are.
pub(super) fn object(person: &Person) -> serde_json::Value {
    json!({
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "operator": person.is_operator,
        "created_at": person.created_at,
        "can_sign_in": people::can_sign_in(person),
    })
}

fn row(person: &Person) -> Vec<String> {
    let can = if people::can_sign_in(person) { "yes" } else { "by link only" };
    vec![
        person.name.to_string(),
        person.email.to_string(),
        when::utc(person.created_at),
        can.to_owned(),
    ]
}
