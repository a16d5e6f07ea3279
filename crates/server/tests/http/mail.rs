//! Mail that leaves, as the server at the other end gets it.

use std::net::SocketAddr;

use hallpass_core::{Mutation, delivery::Answer, permission::Role};
use hallpass_server::{Config, mail, management::members, notices};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

use crate::{
    node::{Node, client_id, organization_id, secret_id},
    people::at_the_machine,
    wire::within,
};

/// A mail server that takes one message (RFC 5321), or refuses it.
pub(crate) async fn post_office(refuses: bool) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let talking = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut said = String::new();
        write.write_all(b"220 ready\r\n").await.unwrap();
        while let Some(line) = lines.next_line().await.unwrap() {
            said += &format!("{line}\n");
            let verb = line.split(' ').next().unwrap().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-here\r\n250 8BITMIME\r\n",
                "RCPT" if refuses => "550 nobody of that name\r\n",
                "DATA" => "354 go on\r\n",
                "QUIT" => "221 bye\r\n",
                "." | "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 ok\r\n",
                // A line of the message.
                _ => continue,
            };
            write.write_all(answer.as_bytes()).await.unwrap();
            if verb == "QUIT" {
                break;
            }
        }
        said
    });
    (address, talking)
}

pub(crate) fn mail_by(address: SocketAddr) -> impl FnOnce(&mut Config) {
    move |config| {
        config.smtp_url = Some(format!("smtp://{address}"));
        config.mail_from = Some("Hallpass <hallpass@example.com>".to_owned());
    }
}

async fn invite(node: &Node) -> Result<(), mail::NotSent> {
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let email = "ada@example.com".parse().unwrap();
    let invited = members::invite(&act, &organization_id(), email, Role::Admin).await.unwrap();
    let invitee = members::invited_by(&act, &invited.link).await.unwrap();
    let url = node.app.config.url("/invitations/text");
    mail::invite(&node.app.config, &invitee.organization, &invited.invitation, &url).await
}

#[tokio::test]
async fn an_invitation_arrives() {
    let (address, talking) = post_office(false).await;
    let node = Node::start().with_config(mail_by(address)).await;
    within("sending", invite(&node)).await.unwrap();
    let said = within("the end of the talk", talking).await.unwrap();
    for part in [
        "MAIL FROM:<hallpass@example.com>",
        "RCPT TO:<ada@example.com>",
        "Subject: Join Customer at auth.example.com",
        "From: Hallpass <hallpass@example.com>",
        "as admin",
        "https://auth.example.com/invitations/text",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn mail_that_is_refused_says_so() {
    let (address, _talking) = post_office(true).await;
    let node = Node::start().with_config(mail_by(address)).await;
    let why = within("sending", invite(&node)).await.unwrap_err().to_string();
    assert!(why.contains("nobody of that name"), "{why}");
    let silent = Node::start().await;
    let why = invite(&silent).await.unwrap_err();
    assert!(matches!(why, mail::NotSent::NotSetUp), "{why}");
}

#[tokio::test]
async fn owners_and_admins_are_told_by_mail_and_nobody_else() {
    let (address, talking) = post_office(false).await;
    let node = Node::start().with_config(mail_by(address)).with_credential("reports").await;
    for (name, role) in [("ada", Role::Owner), ("dev", Role::Developer), ("aud", Role::Auditor)] {
        node.member(name, role).await;
    }
    node.operator("olga").await;
    let leaked = Mutation::RetireLeakedSecret {
        client_id: client_id("reports"),
        secret_id: secret_id("reports"),
    };
    node.commit(leaked).await;
    // Of what is paused, nobody hears unless they ask for it.
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    notices::follow(node.app.clone()).await;
    within("sending", notices::send(node.app.clone())).await;
    let said = within("the end of the talk", talking).await.unwrap();
    // Long lines are broken on their way (RFC 2045 §6.7), and whoever reads them undoes it.
    let said = said.replace("=\n", "");
    for part in [
        "RCPT TO:<ada@example.com>",
        "Subject: Customer at auth.example.com: a notice",
        "was found in the open by operator tester",
        "/settings/notices",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let all = node.app.store.deliveries(&organization_id(), None, 9).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].tries[0].answer, Answer::Taken);
}
