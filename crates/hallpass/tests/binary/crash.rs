//! Power is cut, as far as a test can cut it: servers, writers and commands are killed (SIGKILL)
//! in the middle of their work. Whatever one of them had acknowledged must be there afterwards,
//! and the numbering and the audit chain must be whole. What a disk does with data that it has
//! only promised to keep is beyond this.

mod aftermath;
mod writer;

use serde_json::Value;

use self::{
    aftermath::Aftermath,
    writer::{Acknowledged, Writer},
};
use crate::{
    node::Node,
    place::{Login, Place},
    process::Process,
};

/// Clients that would be limited are clients of this test.
const SERVE: [&str; 2] = ["--failed-logins-per-minute", "1000000"];

/// After how many changes each round ends. Few or many: the write-ahead log is short, has just
/// been cut back, or is long.
const ROUNDS: [usize; 6] = [1, 40, 90, 150, 260, 120];

/// What has been acknowledged so far.
#[derive(Default)]
struct Ledger {
    by_writers: Vec<Acknowledged>,
    /// Made by commands, and never touched again.
    by_commands: Vec<Login>,
    /// Issued and then revoked by the server.
    revoked: Vec<String>,
    /// Issued by the server for a credential that lives.
    alive: Vec<String>,
}

#[tokio::test]
async fn what_was_acknowledged_survives_sigkill() {
    let place = Place::set_up().await;
    let api = ["--api", "Books", "--introspects", "Books"];
    let api = place.credential("the API's own", &api).await;
    let mut ledger = Ledger::default();
    let mut node = Node::start(&place, &SERVE).await;
    for (round, changes) in ROUNDS.into_iter().enumerate() {
        let client = place.reader(&format!("round {round}")).await;
        node.caught_up(&place).await;
        let mut writers = [Writer::start(&place).await, Writer::start(&place).await];
        for writer in &mut writers {
            writer.acknowledges(changes.div_ceil(4)).await;
        }
        ledger.serve(&node, &client).await;
        ledger.command(&place, &format!("cut {round}"), &mut writers[0]).await;
        for writer in &mut writers {
            writer.acknowledges(changes.div_ceil(2)).await;
        }

        let [one, two] = writers;
        // In the middle: each writer has four changes under way.
        ledger.by_writers.extend(one.kill().await);
        node.kill().await;
        ledger.by_writers.extend(two.kill().await);
        ledger.by_commands.push(client);

        node = Node::start(&place, &SERVE).await;
        Aftermath::of(&place).await.check(&ledger, &node, &api).await;
    }
    assert!(ledger.by_writers.len() > 500, "the writers hardly wrote");
    node.stop().await;
}

impl Ledger {
    /// Lets the server issue tokens and kill one of them.
    async fn serve(&mut self, node: &Node, client: &Login) {
        let (alive, revoked) = (node.token(client).await.unwrap(), node.token(client).await);
        let revoked = revoked.unwrap();
        node.post("/oauth/revoke", client, &[("token", &revoked)]).await.unwrap();
        self.alive.push(alive);
        self.revoked.push(revoked);
    }

    /// Kills a command while others write, at a moment that differs from round to round. If it
    /// had printed its answer, that counts.
    async fn command(&mut self, place: &Place, name: &str, beside: &mut Writer) {
        let args = ["credential", "add", name, "--api", "Books", "--json"];
        let args = [&args[..], &["--organization", crate::place::ORGANIZATION]].concat();
        let mut command = Process::start(place.command(&args), "");
        beside.acknowledges(name.len() % 4 + 1).await;
        command.kill();
        let answer = command.ended().await.stdout;
        if let Ok(printed) = serde_json::from_str::<Value>(&answer) {
            self.by_commands.push(Login::of(&printed));
        }
    }
}

#[tokio::test]
async fn a_first_start_that_is_cut_short_can_be_made_again() {
    for _ in 0..8 {
        let place = Place::empty();
        let mut cut = Process::start(place.command(&["init"]), "");
        // As soon as there is anything at all.
        while !place.data().join("hallpass.db").exists() {}
        cut.kill();
        cut.ended().await;
        place.furnish().await;
        let login = place.reader("reports").await;
        place.whole_audit_log().await;
        let node = Node::start(&place, &[]).await;
        node.token(&login).await.unwrap();
        node.stop().await;
    }
}
