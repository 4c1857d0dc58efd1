//! Wallets on BDK over real servers: the scenarios that `bdk_electrum` is tested with, for each way to sync.

mod backend;
mod follow;
mod receiver;
mod scenarios;
mod scene;

use real_servers::{Kind, run_on};

/// Makes a test of each scenario, for a way to sync on a release of ElectrumX.
macro_rules! scenarios {
    ($module:ident, $backend:ty, $kind:expr, $($scenario:ident),* $(,)?) => {
        mod $module {
            $(
                #[test]
                fn $scenario() {
                    crate::run_on($kind, crate::scenarios::$scenario::<$backend>);
                }
            )*
        }
    };
}

/// Makes a test of all scenarios.
macro_rules! all_scenarios {
    ($module:ident, $backend:ty, $kind:expr) => {
        scenarios!(
            $module,
            $backend,
            $kind,
            a_payment_is_pending_confirmed_reorganised_and_confirmed_again,
            a_payment_that_is_replaced_is_evicted,
            unconfirmed_parents_are_seen,
            scripts_without_a_keychain_bring_all_their_transactions,
            a_scan_stops_at_the_gap,
            a_scan_goes_through_what_is_revealed,
            a_payment_mined_again_at_the_same_height_has_the_new_anchor,
            payments_become_unconfirmed_by_reorganisations_of_any_depth,
            coinbases_are_found,
            fees_follow_from_previous_outputs,
            a_wallet_that_is_far_behind_or_on_a_stale_branch_is_led_to_the_tip,
            transactions_and_outputs_are_synced_by_themselves,
        );
    };
}

// One release holds small answers back, the other one does not.
all_scenarios!(drop_in_on_e_x_2_0_0, crate::backend::DropIn, crate::Kind::Ex2_0_0);
all_scenarios!(drop_in_on_e_x_1_16_0, crate::backend::DropIn, crate::Kind::Ex1_16_0);
all_scenarios!(native_on_e_x_2_0_0, crate::backend::Native, crate::Kind::Ex2_0_0);
all_scenarios!(native_on_e_x_1_16_0, crate::backend::Native, crate::Kind::Ex1_16_0);

#[test]
fn a_wallet_that_is_followed_over_kills_of_e_x_2_0_0() {
    run_on(Kind::Ex2_0_0, follow::nothing_is_missed_or_doubled_over_kills);
}
