//! `hallpass member`: who belongs to an organization, and as what.

mod offboarding;

use anyhow::Context;
use clap::Subcommand;
use hallpass_core::{
    Email, InvitationId, Organization, Person,
    organization::{Invitation, Member},
    permission::Role,
};
use hallpass_server::{
    mail,
    management::members::{self, Members},
};
use serde_json::json;

use super::operator;
use crate::{
    config::Config,
    installation::Installation,
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a link by which somebody becomes a member
    Invite {
        /// Id or name of the organization
        organization: String,
        /// Whom the invitation is for
        email: Email,
        /// owner, admin, developer or auditor
        #[arg(long, default_value_t = Role::Developer)]
        role: Role,
    },
    /// List members and invitations
    List {
        /// Id or name of the organization
        organization: String,
    },
    /// Say what a member, or somebody who has left, made, and which secrets they saw
    Offboarding {
        /// Id or name of the organization
        organization: String,
        /// Their e-mail address or id
        person: String,
    },
    /// Take an invitation back
    Withdraw {
        /// Id or name of the organization
        organization: String,
        /// The invitation's id; `member list` shows it
        invitation: InvitationId,
    },
    /// Make a member something else
    SetRole {
        /// Id or name of the organization
        organization: String,
        /// The member's e-mail address
        email: Email,
        /// owner, admin, developer or auditor
        role: Role,
    },
    /// Take a member out; what they made stays with the organization
    Remove {
        /// Id or name of the organization
        organization: String,
        /// The member's e-mail address
        email: Email,
    },
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let act = installation.act();
    match command {
        Command::Invite { organization, email, role } => {
            let own = installation.organization(&organization).await?;
            let invited = members::invite(&act, &own.id, email, role).await?;
            let link = config.server.url(&format!("/invitations/{}", invited.link.expose()));
            let mailed = if mail::is_set_up(&config.server) {
                mail::invite(&config.server, &own, &invited.invitation, &link).await.map_or_else(
                    |why| format!("It could not be mailed: {why}"),
                    |()| "It has been mailed, too.".to_owned(),
                )
            } else {
                "Nothing is mailed: no smtp_url is set.".to_owned()
            };
            let mut value = invitation_object(&invited.invitation);
            value["link"] = json!(link);
            value["mailed"] = json!(mailed);
            output.print(&value, || {
                format!(
                    "Whoever follows this link within 7 days becomes {role} of {}; it is meant for \
                     {}:\n\n    {link}\n\n{mailed}",
                    own.name, invited.invitation.email
                )
            });
        }
        Command::List { organization } => {
            let own = installation.organization(&organization).await?;
            list(&members::list(&act, &own.id).await?, output);
        }
        Command::Offboarding { organization, person } => {
            offboarding::show(&organization, &person, &installation, output).await?;
        }
        Command::Withdraw { organization, invitation } => {
            let own = installation.organization(&organization).await?;
            let change = members::withdraw(&act, &own.id, &invitation).await?;
            output.print(&json!({ "id": invitation, "change_seq": change.seq }), || {
                format!("The link of invitation {invitation} no longer works.")
            });
        }
        Command::SetRole { organization, email, role } => {
            let own = installation.organization(&organization).await?;
            let person = member(&installation, &own, &email).await?;
            members::set_role(&act, &own.id, &person.id, role).await?;
            output.print(&member_object(&person, role), || {
                format!("{email} is {role} of {} now.", own.name)
            });
        }
        Command::Remove { organization, email } => {
            let own = installation.organization(&organization).await?;
            let person = member(&installation, &own, &email).await?;
            members::remove(&act, &own.id, &person.id).await?;
            output.print(&operator::object(&person), || {
                format!("{email} is no member of {} any more.", own.name)
            });
        }
    }
    Ok(())
}

/// The member of this address.
async fn member(
    installation: &Installation,
    own: &Organization,
    email: &Email,
) -> anyhow::Result<Person> {
    let all = members::list(&installation.act(), &own.id).await?;
    let found = all.members.into_iter().find(|(_, person)| person.email == *email);
    let (_, person) = found.with_context(|| {
        format!("{email} is no member of {}; see `hallpass member list {}`", own.name, own.id)
    })?;
    Ok(person)
}

fn list(all: &Members, output: Output) {
    let value = json!({
        "members": all.members.iter().map(|(one, person)| member_object(person, one.role)).collect::<Vec<_>>(),
        "invitations": all.invitations.iter().map(invitation_object).collect::<Vec<_>>(),
    });
    output.print(&value, || {
        let members: Vec<_> = all.members.iter().map(row).collect();
        let mut text = table(&["name", "e-mail", "role", "since"], &members);
        if !all.invitations.is_empty() {
            let rows: Vec<_> = all.invitations.iter().map(invitation_row).collect();
            text += "\n\nInvited:\n";
            text += &table(&["e-mail", "role", "invitation", "by", "until"], &rows);
        }
        text
    });
}

fn member_object(person: &Person, role: Role) -> serde_json::Value {
    let mut value = operator::object(person);
    value["role"] = json!(role);
    value
}

fn invitation_object(invitation: &Invitation) -> serde_json::Value {
    json!({
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "invited_by": invitation.invited_by,
        "expires_at": invitation.expires_at,
    })
}

fn row((member, person): &(Member, Person)) -> Vec<String> {
    vec![
        person.name.to_string(),
        person.email.to_string(),
        member.role.to_string(),
        when::utc(member.since),
    ]
}

fn invitation_row(invitation: &Invitation) -> Vec<String> {
    vec![
        invitation.email.to_string(),
        invitation.role.to_string(),
        invitation.id.to_string(),
        invitation.invited_by.clone(),
        when::utc(invitation.expires_at),
    ]
}
