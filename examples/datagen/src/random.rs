//! Random numbers that are the same on every machine, for ever.
//!
//! Files made from a seed are compared by their bytes, so neither a crate's next release nor the platform's
//! mathematical library may change them: the generator is written out here, and floating point is limited to
//! `+ - * /`, which IEEE 754 rounds alike everywhere (`powf` and `ln` it does not promise).

/// SplitMix64 by Steele, Lea and Flood: one addition and one mix for a number.
#[derive(Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts the stream that belongs to `seed` and to a purpose, told apart by `labels`.
    pub fn new(seed: u64, labels: &[u64]) -> Self {
        let state = labels.iter().fold(mix(seed), |state, label| mix(state ^ mix(label.wrapping_add(STEP))));
        Self { state }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A whole number in `0..bound`, or 0 if the bound is 0.
    ///
    /// The bias of not rejecting is below 2^-30 for every bound used here.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// Whether something happens that happens `count` times in `of`.
    pub fn chance(&mut self, count: u64, of: u64) -> bool {
        self.below(of) < count
    }

    /// A number in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A rank in `0..count`, where low ranks are by far the most frequent.
    ///
    /// It is Zipf-like with exponent 2/3 and a flattened head (Zipf-Mandelbrot): of 235,000 ranks the first
    /// gets 0.1 % and the first hundredth gets 18 %, about as the items of a shop do.
    pub fn rank(&mut self, count: u64) -> u64 {
        const FLAT: f64 = 0.04;
        const LOW: f64 = FLAT * FLAT * FLAT;
        const HIGH: f64 = (1.0 + FLAT) * (1.0 + FLAT) * (1.0 + FLAT);
        let moved = self.unit() + FLAT;
        let share = (moved * moved * moved - LOW) / (HIGH - LOW);
        ((share * count as f64) as u64).min(count.saturating_sub(1))
    }
}

/// Spreads ranks over ids so that popular ones are not neighbours: a bijection of `0..space` onto itself.
///
/// `space` must not be a multiple of the prime used, which no id space of an example is.
pub const fn scatter(rank: u64, space: u64) -> u64 {
    const PRIME: u64 = 2_654_435_761;
    debug_assert!(rank < space && !space.is_multiple_of(PRIME));
    // Rank 0 must not be id 0, which people take for a missing value.
    (rank * (PRIME % space) + space / 5 * 4) % space
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_reference_implementation() {
        let mut random = Random { state: 1_234_567 };
        let bits = [random.bits(), random.bits(), random.bits()];
        assert_eq!(bits, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn streams_differ_by_seed_and_by_label() {
        let first = |seed, labels: &[u64]| Random::new(seed, labels).bits();
        let all = [
            first(7, &[]),
            first(8, &[]),
            first(7, &[0]),
            first(7, &[1]),
            first(7, &[0, 1]),
            first(7, &[1, 0]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "stream {index} repeats an earlier one");
        }
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut random = Random::new(7, &[]);
        let mut seen = [0u32; 10];
        for _ in 0..10_000 {
            seen[random.below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn low_ranks_are_frequent_and_high_ranks_still_come() {
        let mut random = Random::new(7, &[]);
        let ranks: Vec<u64> = (0..100_000).map(|_| random.rank(10_000)).collect();
        let head = ranks.iter().filter(|rank| **rank < 100).count();
        assert!((17_000..20_000).contains(&head), "the first hundredth has {head} of 100,000");
        assert!(ranks.iter().all(|rank| *rank < 10_000));
        assert!(ranks.iter().any(|rank| *rank > 9_900));
        assert_eq!(random.rank(1), 0);
    }

    #[test]
    fn scatter_is_a_bijection() {
        for space in [1, 2, 1_104, 1_699, 466_867, 1_407_580] {
            let mut seen = vec![false; space as usize];
            (0..space).for_each(|rank| seen[scatter(rank, space) as usize] = true);
            assert!(seen.into_iter().all(|seen| seen), "a space of {space} has gaps");
        }
    }
}
