//! Slices, lanes and owners: who may change an item.
//!
//! ```text
//! sharding text ─► slice (1024) ─► lane (16 of 64 slices each) ─► owner (1, 2, 4, ... of them)
//! ```
//!
//! The number of owners follows the machine; lanes do not, so what is written about a lane (how far a task's rows have been
//! applied) means the same after the store moved to another machine.
//!
//! Not here: what an owner does (`owner`).

use crate::name::SLICES;

/// How many lanes there are; owners are a divisor of it.
pub(crate) const LANES: u32 = 16;

/// The lane of a slice.
pub(crate) fn lane_of(slice: u32) -> u32 {
    slice * LANES / SLICES
}

/// The owner of a slice among `owners`, a power of two up to [`LANES`].
pub(crate) fn owner_of(slice: u32, owners: usize) -> usize {
    (slice as usize * owners / SLICES as usize).min(owners.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_has_one_owner() {
        for owners in [1, 2, 4, 8, 16] {
            for slice in 0..SLICES {
                let first_of_lane = lane_of(slice) * SLICES / LANES;
                assert_eq!(owner_of(slice, owners), owner_of(first_of_lane, owners), "slice {slice} of {owners}");
            }
            assert_eq!(owner_of(SLICES - 1, owners), owners - 1);
        }
    }
}
