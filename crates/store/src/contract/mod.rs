//! The one suite that every backend passes. A case gets a fresh database through [`Bench`] and
//! must never ask which backend it is.

pub(crate) mod concurrency;
mod fixtures;
pub(crate) mod logs;
pub(crate) mod nodes;
pub(crate) mod notices;
pub(crate) mod people;
pub(crate) mod reads;
pub(crate) mod receipts;
pub(crate) mod reports;
pub(crate) mod usage;
pub(crate) mod writes;

use std::sync::Arc;

use async_trait::async_trait;

use crate::Store;

pub(crate) use self::fixtures::{NOW, World, api, client_id, organization, person};

/// One database, empty at first, that goes when this is dropped.
#[async_trait]
pub(crate) trait Bench: Send + Sync {
    /// Opens it, as one more process would.
    async fn open(&self) -> Arc<dyn Store>;

    /// Runs SQL behind the store's back.
    async fn edit(&self, sql: &str);

    /// Cuts all connections to it, where there are any.
    async fn cut(&self) {}
}

/// Makes a test of every case. `$bench` is an expression that makes a [`Bench`].
macro_rules! contract {
    ($bench:expr) => {
        contract!($bench;
            writes every_mutation_round_trips,
            writes every_kill_reaches_the_feed,
            writes a_refused_mutation_takes_no_number,
            writes what_changed_since_it_was_seen_is_not_changed,
            writes names_and_audiences_are_unique,
            writes required_rows_must_exist,
            writes the_longest_lifetime_only_grows,
            writes everything_is_there_after_reopening,
            logs changes_come_in_order_and_never_with_a_gap,
            logs a_later_death_replaces_the_earlier_one,
            logs pruning_leaves_what_is_needed,
            logs pruning_ends_at_the_first_young_change,
            logs every_change_has_its_audit_event,
            logs any_edit_of_the_audit_log_is_found,
            reads credentials_are_listed_by_page,
            reads a_filter_finds_what_it_says,
            reads what_no_database_can_hold_is_not_found,
            reads the_newest_come_first,
            reads credentials_are_counted_by_organization_and_status,
            reads what_has_expired_is_due,
            usage usage_adds_up,
            usage usage_goes_with_its_credential,
            usage usage_of_many_is_read_at_once,
            usage sightings_add_up_and_are_bounded,
            reads a_damaged_row_is_named,
            notices events_are_followed_from_the_migration_on,
            notices a_place_moves_once_and_with_its_deliveries,
            notices a_delivery_is_taken_by_one_and_comes_back_if_that_one_dies,
            notices a_target_with_many_keeps_nobody_waiting,
            notices deliveries_come_by_page_and_go_after_a_while,
            notices ends_that_are_near_are_found,
            notices what_nobody_uses_is_found,
            notices addresses_that_are_new_are_found,
            people a_person_is_found_by_every_name,
            people a_name_that_some_databases_cannot_hold_leads_to_its_person,
            people names_of_people_are_unique,
            people organizations_are_found_by_their_members_and_invitations,
            people sessions_are_seen_and_end,
            people what_works_once_works_once_under_many_hands,
            people a_secret_leads_to_its_owner,
            receipts a_request_is_claimed_once_and_answered_again,
            receipts of_many_who_claim_one_gets_it,
            receipts a_receipt_lasts_a_day,
            reports a_report_replaces_the_last_one_and_is_no_change,
            reports a_node_that_ends_or_dies_is_forgotten,
            concurrency numbers_stay_gapless_under_32_writers,
            concurrency a_refused_write_harms_no_other,
            concurrency two_processes_share_one_log,
            concurrency a_poll_sees_the_writes_of_other_processes,
            concurrency a_load_is_of_one_moment,
            nodes all_see_the_same_log_whatever_breaks,
        );
    };
    ($bench:expr; $($subject:ident $case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::contract::$subject::$case(&$bench).await;
            }
        )*
    };
}
pub(crate) use contract;
