//! What each action of the audit log is called, in words that end the sentence "somebody …".

use hallpass_core::audit::ACTIONS;

/// Action, words and tone. The tone is that of a badge: what stops or opens something stands out.
const WORDS: &[(&str, &str, &str)] = &[
    ("api.add", "Added an API", ""),
    ("api.update", "Changed an API", ""),
    ("credential.activate", "Let a credential get tokens", "good"),
    ("credential.add", "Made a credential", ""),
    ("credential.ask_approval", "Asked for approval of a credential", "info"),
    ("credential.delete", "Deleted a revoked credential", ""),
    ("credential.discard", "Discarded a pending credential", ""),
    ("credential.expire", "Ended what had expired of a credential", "warn"),
    ("credential.import", "Imported a credential from another server", ""),
    ("credential.pause", "Paused a credential: its tokens are dead", "warn"),
    ("credential.pending_expired", "Removed a credential that nobody finished", ""),
    ("credential.resume", "Resumed a credential", "good"),
    ("credential.revoke", "Revoked a credential: its tokens are dead", "bad"),
    ("credential.update", "Changed a credential", ""),
    ("key.add", "Published a signing key", ""),
    ("key.drop_gone", "Dropped signing keys that nobody needs", ""),
    ("key.kill", "Killed a signing key: its tokens are dead", "bad"),
    ("member.accept_invitation", "Followed an invitation", "good"),
    ("member.add", "Made somebody a member", ""),
    ("member.invite", "Invited somebody", ""),
    ("member.remove", "Removed a member", "warn"),
    ("member.set_role", "Set a member's role", ""),
    ("member.withdraw_invitation", "Withdrew an invitation", ""),
    ("organization.add", "Added an organization", ""),
    ("organization.rename", "Renamed the organization", ""),
    ("organization.resume", "Resumed the organization", "good"),
    ("organization.set_mailed", "Set of what owners and admins hear by mail", ""),
    ("organization.set_policy", "Set the organization's policy", ""),
    ("organization.set_sign_on", "Changed where its people sign in", ""),
    ("organization.suspend", "Suspended the organization: its tokens are dead", "bad"),
    ("person.add", "Added a person", ""),
    ("person.add_passkey", "Added a passkey", ""),
    ("person.add_subject", "Signed in by their company for the first time", ""),
    ("person.end_sessions", "Signed a person out everywhere", ""),
    ("person.remove_passkey", "Removed a passkey", ""),
    ("person.rename", "Set a person's name", ""),
    ("person.rename_passkey", "Renamed a passkey", ""),
    ("person.set_link", "Made a link that lets a person in", "warn"),
    ("person.set_operator", "Gave or took power over the installation", "warn"),
    ("person.set_password", "Set a password", ""),
    ("person.set_recovery_codes", "Made new recovery codes", ""),
    ("person.start_over", "Forgot what let a person in before", "warn"),
    ("person.use_link", "Signed in by a link", ""),
    ("person.use_passkey", "Signed in by a passkey", ""),
    ("person.use_recovery_code", "Signed in by a recovery code", "warn"),
    ("secret.add", "Added a secret", ""),
    ("secret.kill_tokens", "Killed the tokens of a secret", "warn"),
    ("secret.leaked", "Found a secret in the open: its tokens are dead", "bad"),
    ("secret.note", "Said where a secret is kept", ""),
    ("secret.retire", "Retired a secret", ""),
    ("secret.upgrade", "Replaced the imported digest of a secret by our own", ""),
    ("session.begin", "Signed in", ""),
    ("session.confirm", "Proved again who they are", ""),
    ("session.end", "Signed out", ""),
    ("token.revoke", "Revoked a token", ""),
    ("vault.set", "Changed the master key", "warn"),
    ("webhook.put", "Set a webhook", ""),
    ("webhook.remove", "Removed a webhook", ""),
];

/// The words for an action; those of a later release are called what they are.
pub(in crate::dashboard) fn says(action: &str) -> &'static str {
    let found = WORDS.iter().find(|(known, ..)| *known == action);
    found.map_or("Did something that this release has no words for", |(_, words, _)| words)
}

/// How it stands out.
pub(in crate::dashboard) fn tone(action: &str) -> &'static str {
    WORDS.iter().find(|(known, ..)| *known == action).map_or("", |(.., tone)| tone)
}

/// What can be chosen from: the beginnings of actions, and what they are called.
pub(super) fn kinds() -> Vec<(&'static str, &'static str)> {
    let kinds = vec![
        ("", "Everything"),
        ("credential.", "Credentials"),
        ("secret.", "Secrets"),
        ("token.", "Tokens"),
        ("member.", "Members"),
        ("organization.", "The organization"),
        ("webhook.", "Webhooks"),
        ("person.", "Accounts"),
        ("session.", "Sign-ins"),
        ("api.", "APIs"),
        ("key.", "Signing keys"),
        ("vault.", "Master key"),
    ];
    debug_assert!(ACTIONS.iter().all(|one| kinds.iter().skip(1).any(|(k, _)| one.starts_with(k))));
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_words() {
        let known: Vec<&str> = WORDS.iter().map(|(action, ..)| *action).collect();
        assert_eq!(known, ACTIONS, "one line for each, in the same order");
        for action in ACTIONS {
            assert!(!says(action).is_empty());
            let has_kind = kinds().iter().skip(1).any(|(kind, _)| action.starts_with(kind));
            assert!(has_kind, "{action} can be asked for by its kind");
        }
    }
}
