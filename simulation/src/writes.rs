//! What people write: any mutation, at any node, whether or not it makes sense just then.

use std::sync::PoisonError;

use hallpass_core::{Mutation, credential::LiveTokens};
use hallpass_token::jose::Algorithm;

use crate::{setup::actor, world::World};

impl World {
    /// Somebody changes something, at some node.
    pub(crate) fn write(&mut self) {
        let at = self.rng.place(self.nodes.len());
        let Some((what, mutation)) = self.mutation(at) else { return };
        let node = self.nodes[at].clone();
        let Some(live) = node.live() else { return };
        self.trace.say(format_args!("node {at}: {what}"));
        let (trace, acknowledged) = (self.trace.clone(), self.acknowledged.clone());
        let promised = self.promised.clone();
        node.spawn(async move {
            match live.commit(&mutation, &actor()).await {
                Ok(change) => {
                    trace.say(format_args!("node {at}: {what}: done as {}", change.seq));
                    acknowledged.note(change.seq, at);
                    let mut promised = promised.lock().unwrap_or_else(PoisonError::into_inner);
                    promised.push((change.seq, change));
                }
                Err(why) => trace.say(format_args!("node {at}: {what}: {why}")),
            }
        });
    }

    fn mutation(&mut self, node: usize) -> Option<(String, Mutation)> {
        let now = self.nodes[node].clock.timestamp();
        let owner = self.rng.place(self.organizations.len());
        let organization = self.organizations[owner].clone();
        Some(match self.rng.below(21) {
            0..=2 => {
                let (add, client) = self.workshop.credential(&organization, now, &mut self.rng);
                self.clients.push(client);
                (format!("add c{} to o{owner}", self.clients.len() - 1), add)
            }
            3..=16 => self.about_a_credential(),
            17 => (format!("suspend o{owner}"), Mutation::SuspendOrganization(organization)),
            18 => (format!("resume o{owner}"), Mutation::ResumeOrganization(organization)),
            19 => {
                let nr = self.rng.place(self.tokens.len());
                let token = self.tokens.get(nr)?;
                let (client_id, jti) = (token.client_id.clone(), token.jti.clone());
                let revoke = Mutation::RevokeToken { client_id, jti, exp_s: token.exp_s };
                (format!("revoke t{nr}"), revoke)
            }
            _ if !self.rng.once_in(3) => return None,
            _ => {
                let algorithm = Algorithm::Es256;
                let live = self.nodes[node].live()?;
                let kid = live.keys.signing(algorithm, now)?.kid().to_owned();
                let replacement = Some(Box::new(self.workshop.key(now, &mut self.rng)?));
                ("kill the key".to_owned(), Mutation::KillKey { algorithm, kid, replacement })
            }
        })
    }

    fn about_a_credential(&mut self) -> (String, Mutation) {
        let c = self.rng.place(self.clients.len());
        let client = &mut self.clients[c];
        let client_id = client.client_id.clone();
        let s = self.rng.place(client.secrets.len());
        let secret_id = client.secrets[s].0.clone();
        let retire = |live| {
            let (client_id, secret_id) = (client_id.clone(), secret_id.clone());
            Mutation::RetireSecret { client_id, secret_id, live }
        };
        match self.rng.below(14) {
            0..=2 => {
                let (secret, id, clear) = self.workshop.secret(&mut self.rng);
                client.secrets.push((id, clear));
                let others_expire_at = None;
                let add = Mutation::AddSecret { client_id, secret, others_expire_at };
                (format!("add s{} to c{c}", client.secrets.len() - 1), add)
            }
            3 => (format!("retire s{s} of c{c}"), retire(LiveTokens::Keep)),
            4..=5 => (format!("retire s{s} of c{c} and kill"), retire(LiveTokens::Kill)),
            6 => {
                let what = format!("kill the tokens of s{s} of c{c}");
                (what, Mutation::KillTokens { client_id, secret_id })
            }
            7..=8 => (format!("pause c{c}"), Mutation::PauseCredential(client_id)),
            9..=11 => (format!("resume c{c}"), Mutation::ResumeCredential(client_id)),
            12 => (format!("revoke c{c}"), Mutation::RevokeCredential(client_id)),
            _ => (format!("delete c{c}"), Mutation::DeleteCredential(client_id)),
        }
    }
}
