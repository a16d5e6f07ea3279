//! What each step does to an organization, in tables.

use super::*;
use crate::{
    Conflict, InvitationId, PersonId,
    notice::Kind,
    opaque::Opaque,
    permission::Role,
    vault::OpenVault,
    webhook::{WEBHOOKS_AT_MOST, Webhook},
};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

fn person(number: u8) -> PersonId {
    PersonId::from_entropy([number; 16])
}

fn invitation(number: u8) -> Invitation {
    Invitation {
        id: InvitationId::from_entropy([number; 16]),
        digest: Opaque::from_entropy([number; 32]).digest(),
        email: format!("member{number}@example.com").parse().unwrap(),
        role: Role::Developer,
        invited_by: "ada@example.com".to_owned(),
        inviter: None,
        created_at: NOW,
        expires_at: NOW.plus_secs(INVITATION_S),
    }
}

/// An organization with one owner (person 1) and one developer (person 2).
fn organization() -> Organization {
    let id = OrganizationId::from_entropy([1; 16]);
    let new = Organization::new(id, "Example Library".parse().unwrap(), NOW);
    let steps = [
        OrganizationStep::AddMember(person(1), Role::Owner),
        OrganizationStep::AddMember(person(2), Role::Developer),
    ];
    after(new, &steps).unwrap()
}

fn after(organization: Organization, steps: &[OrganizationStep]) -> Result<Organization, Conflict> {
    steps.iter().try_fold(organization, |organization, step| organization.after(step, NOW))
}

#[test]
fn an_organization_never_loses_its_last_owner() {
    use OrganizationStep as Step;
    for (steps, wanted) in [
        (vec![Step::RemoveMember(person(1))], Err(Conflict::LastOwner)),
        (vec![Step::SetRole(person(1), Role::Admin)], Err(Conflict::LastOwner)),
        (vec![Step::SetRole(person(1), Role::Owner)], Ok(2)),
        (vec![Step::RemoveMember(person(2))], Ok(1)),
        (vec![Step::SetRole(person(2), Role::Owner), Step::RemoveMember(person(1))], Ok(1)),
        (vec![Step::RemoveMember(person(3))], Err(Conflict::NotFound("member"))),
        (vec![Step::AddMember(person(2), Role::Owner)], Err(Conflict::AlreadyMember)),
    ] {
        let outcome = after(organization(), &steps).map(|left| left.members.len());
        assert_eq!(outcome, wanted, "{steps:?}");
    }
}

#[test]
fn whoever_has_left_comes_back_only_if_asked() {
    use OrganizationStep as Step;
    let unasked = Step::AddMember(person(2), Role::Developer);
    let left = after(organization(), &[Step::RemoveMember(person(2))]).unwrap();
    assert_eq!(after(left.clone(), std::slice::from_ref(&unasked)), Err(Conflict::HasLeft));
    let invited = Step::Invite(Box::new(invitation(2)));
    let accepted = Step::Accept { digest: invitation(2).digest, person_id: person(2) };
    let back = after(left, &[invited, accepted]).unwrap();
    assert!(back.member(&person(2)).is_some() && back.left.is_empty());
    // However many come and go, the document stays bounded.
    let come_and_go = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let id = PersonId::from_entropy([high, low, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
        [Step::AddMember(id.clone(), Role::Auditor), Step::RemoveMember(id)]
    };
    let many: Vec<_> = (0..1100).flat_map(come_and_go).collect();
    assert_eq!(after(organization(), &many).unwrap().left.len(), 1000);
}

#[test]
fn an_invitation_makes_one_member_once() {
    let invite = OrganizationStep::Invite(Box::new(invitation(3)));
    let accept = |number| OrganizationStep::Accept {
        digest: invitation(3).digest,
        person_id: person(number),
    };
    let invited = after(organization(), &[invite]).unwrap();
    let joined = after(invited.clone(), &[accept(3)]).unwrap();
    assert_eq!(joined.member(&person(3)).map(|member| member.role), Some(Role::Developer));
    for (start, step, wanted) in [
        (joined, accept(4), Conflict::UsedUp("invitation")),
        (organization(), accept(3), Conflict::UsedUp("invitation")),
        // Somebody who is a member already does not use it up for whom it was meant.
        (invited.clone(), accept(2), Conflict::AlreadyMember),
    ] {
        assert_eq!(after(start, &[step]), Err(wanted));
    }
    let late = invited.clone().after(&accept(3), NOW.plus_secs(INVITATION_S));
    assert_eq!(late, Err(Conflict::UsedUp("invitation")));
    let withdrawn = after(invited, &[OrganizationStep::Withdraw(invitation(3).id), accept(3)]);
    assert_eq!(withdrawn, Err(Conflict::UsedUp("invitation")));
}

#[test]
fn a_second_invitation_takes_the_place_of_the_first() {
    let mut second = invitation(4);
    second.email = "MEMBER3@example.com".parse().unwrap();
    let steps = [invitation(3), second.clone()].map(|one| OrganizationStep::Invite(Box::new(one)));
    assert_eq!(after(organization(), &steps).unwrap().invitations, [second]);
    let many: Vec<_> = (0..=INVITATIONS_AT_MOST)
        .map(|number| OrganizationStep::Invite(Box::new(invitation(number as u8))))
        .collect();
    assert_eq!(after(organization(), &many), Err(Conflict::TooMany("invitations")));
}

#[test]
fn webhooks_are_put_changed_and_removed() {
    let vault = OpenVault::from_entropy([1; 32], [2; 32]);
    let webhook = |number: u8, path: &str| {
        let id = WebhookId::from_entropy([number; 16]);
        Webhook {
            url: format!("https://hooks.example.com/{path}").parse().unwrap(),
            kinds: [Kind::Leaked].into(),
            secret: vault.seal_webhook(&id, b"secret", [3; 12]).unwrap(),
            created_at: NOW,
            created_by: "tester".to_owned(),
            is_paused: false,
            id,
        }
    };
    let put = |number, path: &str| OrganizationStep::PutWebhook(Box::new(webhook(number, path)));
    let own = after(organization(), &[put(1, "a"), put(2, "b"), put(1, "token")]).unwrap();
    assert_eq!(own.webhooks, [webhook(1, "token"), webhook(2, "b")]);
    assert!(!put(1, "token").detail().to_string().contains("token"), "a path may let people in");

    let remove = OrganizationStep::RemoveWebhook(webhook(1, "a").id);
    let left = after(own, std::slice::from_ref(&remove)).unwrap();
    assert_eq!(after(left, &[remove]), Err(Conflict::NotFound("webhook")));
    let many: Vec<_> = (0..=WEBHOOKS_AT_MOST).map(|number| put(number as u8, "x")).collect();
    assert_eq!(after(organization(), &many), Err(Conflict::TooMany("webhooks")));
}

#[test]
fn the_audit_log_hears_nothing_of_what_a_link_holds() {
    let invite = OrganizationStep::Invite(Box::new(invitation(3)));
    assert!(!invite.detail().to_string().contains(invitation(3).digest.as_str()));
}
