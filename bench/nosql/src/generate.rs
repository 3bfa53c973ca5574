//! YCSB's keys, values and choices, the same for every system: seeded, so that two runs ask the same questions.
//!
//! Item `i` has the name `g<group>.<hash of i>`: a simple key would do for all workloads but E, whose scans need an order;
//! YCSB itself means the posts of a thread by it. A group holds about 256 items, and a scan ends with its group.
//!
//! Not here: what is done with them (`workload`), where they are kept (`ember`, `rocks`, `redis_server`).

/// Attributes of an item, `field0` to `field9`.
pub const FIELDS: usize = 10;
/// Bytes of each.
const FIELD_BYTES: usize = 100;
/// Items of one group, about.
const GROUP: u64 = 256;

/// The dice: xorshift64*, one per client.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(hash(seed).max(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// From 0 up to, not including, 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// FNV-1a of the eight bytes, as YCSB scrambles.
pub fn hash(number: u64) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    number.to_le_bytes().into_iter().fold(0xCBF2_9CE4_8422_2325, step)
}

/// Ranks by Zipf's law with YCSB's constant (Gray et al., "Quickly generating billion-record synthetic databases").
#[derive(Clone)]
pub struct Zipf {
    count: f64,
    zeta: f64,
    alpha: f64,
    eta: f64,
}

impl Zipf {
    const THETA: f64 = 0.99;

    pub fn new(count: u64) -> Self {
        let zeta = |count: u64| (1..=count).map(|rank| (rank as f64).powf(-Self::THETA)).sum::<f64>();
        let (zeta_two, zeta) = (zeta(2), zeta(count));
        let count = count as f64;
        let eta = (1.0 - (2.0 / count).powf(1.0 - Self::THETA)) / (1.0 - zeta_two / zeta);
        Self { count, zeta, alpha: 1.0 / (1.0 - Self::THETA), eta }
    }

    /// 0 is the most frequent.
    pub fn rank(&self, dice: &mut Dice) -> u64 {
        let u = dice.fraction();
        let uz = u * self.zeta;
        if uz < 1.0 {
            return 0;
        }
        if uz < 1.0 + 0.5f64.powf(Self::THETA) {
            return 1;
        }
        let rank = self.count * (self.eta * u - self.eta + 1.0).powf(self.alpha);
        (rank as u64).min(self.count as u64 - 1)
    }
}

/// The name of an item.
#[derive(Clone)]
pub struct Name {
    whole: String,
    group: usize,
}

impl Name {
    pub fn of(item: u64, items: u64) -> Self {
        let hash = hash(item);
        let group = format!("g{:07}", hash % items.div_ceil(GROUP));
        Self { group: group.len(), whole: format!("{group}.{hash:016x}") }
    }

    /// `<group>.<sorting>`.
    pub fn whole(&self) -> &str {
        &self.whole
    }

    pub fn group(&self) -> &str {
        &self.whole[..self.group]
    }

    pub fn sorting(&self) -> &str {
        &self.whole[self.group + 1..]
    }
}

/// Values of one field after another, cut from a text that does not compress.
#[derive(Clone)]
pub struct Texts {
    text: std::sync::Arc<str>,
    dice: Dice,
}

impl Texts {
    pub fn new(seed: u64) -> Self {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut dice = Dice::new(1);
        let text: String = (0..1 << 20).map(|_| letters[dice.below(64) as usize] as char).collect();
        Self { text: text.into(), dice: Dice::new(seed) }
    }

    pub fn with_seed(&self, seed: u64) -> Self {
        Self { text: self.text.clone(), dice: Dice::new(seed) }
    }

    pub fn field(&mut self) -> String {
        let at = self.dice.below((self.text.len() - FIELD_BYTES) as u64) as usize;
        self.text[at..at + FIELD_BYTES].to_owned()
    }

    pub fn item(&mut self) -> Vec<String> {
        (0..FIELDS).map(|_| self.field()).collect()
    }
}

pub fn field_name(at: usize) -> &'static str {
    ["field0", "field1", "field2", "field3", "field4", "field5", "field6", "field7", "field8", "field9"][at]
}
