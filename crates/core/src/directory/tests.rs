//! What the directory makes of changes.

use super::*;
use crate::{
    Api, ApiId, ClientId, Organization, SecretId, Timestamp,
    credential::{Grant, NewSecret, Settings},
    organization::OrganizationStatus,
    secret::{Proven, Secret},
};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

fn directory() -> Directory {
    Directory::new(Pepper::new([9; 32]))
}

fn organization(number: u8) -> Organization {
    Organization::new(
        OrganizationId::from_entropy([number; 16]),
        format!("Example {number}").parse().unwrap(),
        NOW,
    )
}

fn credential(number: u8, grants: Vec<Grant>) -> Credential {
    let secret = Secret::from_entropy([number; 32]);
    let id = SecretId::from_entropy([number; 16]);
    let new = NewSecret::new(id, &secret, &Pepper::new([9; 32]));
    Credential::pending(
        ClientId::from_entropy([number; 16]),
        organization(1).id,
        Settings::new("reports".parse().unwrap(), grants),
        &new,
        (NOW, "operator"),
    )
}

fn put(directory: &Directory, image: Image) {
    directory.apply(&Effect::Put(image));
}

fn status(directory: &Directory, client_id: &ClientId) -> Option<EntryStatus> {
    directory.look_up(client_id.as_str(), |entry| entry.map(Entry::status))
}

#[test]
fn changes_appear_replace_and_disappear() {
    let directory = directory();
    let own = credential(1, Vec::new());
    put(&directory, Image::Organization(organization(1)));
    put(&directory, Image::Credential(Box::new(own.clone())));
    assert_eq!(status(&directory, &own.client_id), Some(EntryStatus::Pending));
    let active = own.clone().activate(NOW).unwrap();
    put(&directory, Image::Credential(Box::new(active.clone())));
    put(&directory, Image::Credential(Box::new(active)));
    assert_eq!(status(&directory, &own.client_id), Some(EntryStatus::Active));
    assert_eq!(directory.len(), 1);
    directory.apply(&Effect::Removed(Key::Credential(own.client_id.clone())));
    assert_eq!((status(&directory, &own.client_id), directory.is_empty()), (None, true));
}

#[test]
fn one_switch_suspends_every_credential_of_an_organization() {
    let directory = directory();
    let mut own = organization(1);
    put(&directory, Image::Organization(own.clone()));
    for number in 1..=3 {
        put(&directory, Image::Credential(Box::new(credential(number, Vec::new()))));
    }
    let suspended = |directory: &Directory| {
        (1..=3)
            .filter(|number| {
                let id = ClientId::from_entropy([*number; 16]);
                directory.look_up(id.as_str(), |entry| {
                    directory.is_suspended(entry.unwrap().organization_id())
                })
            })
            .count()
    };
    assert_eq!(suspended(&directory), 0);
    own.status = OrganizationStatus::Suspended;
    put(&directory, Image::Organization(own));
    assert_eq!(suspended(&directory), 3);
}

#[test]
fn a_credential_whose_organization_is_not_known_is_refused_not_trusted() {
    let directory = directory();
    let own = credential(1, Vec::new());
    put(&directory, Image::Credential(Box::new(own.clone())));
    assert!(directory.is_suspended(&own.organization_id));
    put(&directory, Image::Organization(organization(1)));
    assert!(!directory.is_suspended(&own.organization_id));
}

#[test]
fn grants_may_name_an_api_before_it_is_known() {
    let directory = directory();
    let api_id = ApiId::from_entropy([5; 16]);
    let grant = Grant { api_id: api_id.clone(), scopes: "read".parse().unwrap() };
    put(&directory, Image::Credential(Box::new(credential(1, vec![grant]))));
    let audience = "https://api.example.com/".parse().unwrap();
    let api = Api::new(api_id, "Books".parse().unwrap(), audience, NOW);
    put(&directory, Image::Api(api));
    let catalog = directory.catalog();
    let slot = catalog.by_audience("https://api.example.com").unwrap();
    let granted = directory
        .look_up(ClientId::from_entropy([1; 16]).as_str(), |entry| entry.unwrap().grants()[0].api);
    assert_eq!(granted, slot);
}

#[test]
fn equal_scope_sets_are_held_once() {
    let directory = directory();
    let grant =
        || Grant { api_id: ApiId::from_entropy([5; 16]), scopes: "read write".parse().unwrap() };
    let scopes = |number| {
        put(&directory, Image::Credential(Box::new(credential(number, vec![grant()]))));
        let id = ClientId::from_entropy([number; 16]);
        directory.look_up(id.as_str(), |entry| entry.unwrap().grants()[0].scopes.clone())
    };
    assert!(Arc::ptr_eq(&scopes(1), &scopes(2)));
}

#[test]
fn an_entry_is_as_small_as_ten_million_of_them_demand() {
    assert!(size_of::<Entry>() <= 136, "{}", size_of::<Entry>());
}

#[test]
fn what_only_a_slow_check_can_compare_is_counted_and_kept_apart() {
    let directory = directory();
    let own = credential(1, Vec::new());
    let id = SecretId::from_entropy([2; 16]);
    let digest = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    let new = NewSecret::imported(id.clone(), digest.parse().unwrap());
    let client_id: ClientId = "reports@example.com".parse().unwrap();
    let imported = Credential::imported(
        client_id.clone(),
        own.organization_id.clone(),
        own.settings.clone(),
        &new,
        (NOW, "operator"),
    );
    let proven = Proven::of(&Secret::presented("correct horse".into()), &directory.pepper);
    let upgraded = imported.clone().upgrade_secret(&id, &digest.parse().unwrap(), &proven).unwrap();
    let put_one = |one: &Credential| put(&directory, Image::Credential(Box::new(one.clone())));
    put_one(&own);
    assert_eq!(directory.foreign(), 0);
    put_one(&imported);
    put_one(&imported);
    assert_eq!(directory.foreign(), 1);
    let proves = || {
        directory.look_up(client_id.as_str(), |entry| {
            let entry = entry.unwrap();
            (entry.foreign().len(), entry.proves(&proven.digest).is_some())
        })
    };
    assert_eq!(proves(), (1, false));
    put_one(&upgraded);
    assert_eq!((proves(), directory.foreign()), ((0, true), 0));
    put_one(&imported);
    directory.apply(&Effect::Removed(Key::Credential(client_id.clone())));
    assert_eq!(directory.foreign(), 0);
    put_one(&imported);
    directory.forget_credentials();
    assert_eq!((directory.foreign(), directory.len()), (0, 0));
}
