//! Protocol Buffers' wire form, as far as ORC's footers need it: numbered fields that are numbers or bytes.
//!
//!     bytes ──► [`Fields`]: (number, [`Value`]) …          [`Message`]: (number, value) … ──► bytes
//!
//! Footers have a dozen messages, read and written here alone, so no code is generated for them.
//! Not here: what the numbers mean (`tail`, `statistics`).

use super::Broken;

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    /// Four or eight bytes of fixed width.
    Fixed(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub fn number(self) -> Result<u64, Broken> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(Broken::new("a number is expected in a footer")),
        }
    }

    /// A number in which the sign is the lowest bit.
    pub fn signed(self) -> Result<i64, Broken> {
        self.number().map(unzigzag)
    }

    pub fn double(self) -> Result<f64, Broken> {
        match self {
            Self::Fixed(bits) => Ok(f64::from_bits(bits)),
            _ => Err(Broken::new("a double is expected in a footer")),
        }
    }

    pub fn bytes(self) -> Result<&'a [u8], Broken> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Broken::new("bytes are expected in a footer")),
        }
    }

    pub fn text(self) -> Result<String, Broken> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Repeated numbers, packed into bytes or each a field of its own.
    pub fn add_numbers(self, into: &mut Vec<u64>) -> Result<(), Broken> {
        match self {
            Self::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    into.push(varint(&mut bytes)?);
                }
            }
            other => into.push(other.number()?),
        }
        Ok(())
    }
}

/// The fields of a message, in the order they were written.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), Broken> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => Value::Fixed(little_endian(self.take(8)?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| cut_short())?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed(little_endian(self.take(4)?)),
            _ => return Err(Broken::new("a footer has a field of an unknown kind")),
        };
        Ok((key >> 3, value))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(taken)
    }
}

fn cut_short() -> Broken {
    Broken::new("a footer ends too early")
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Broken> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or_else(cut_short)?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Broken::new("a number in a footer is too long"))
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Seven bits a byte, lowest first.
pub(super) fn push_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The sign as the lowest bit.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// A message being written.
#[derive(Debug, Default, Clone)]
pub(super) struct Message(pub Vec<u8>);

impl Message {
    pub fn number(mut self, field: u64, value: u64) -> Self {
        push_varint(field << 3, &mut self.0);
        push_varint(value, &mut self.0);
        self
    }

    pub fn signed(self, field: u64, value: i64) -> Self {
        self.number(field, zigzag(value))
    }

    pub fn double(mut self, field: u64, value: f64) -> Self {
        push_varint(field << 3 | 1, &mut self.0);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        push_varint(field << 3 | 2, &mut self.0);
        push_varint(value.len() as u64, &mut self.0);
        self.0.extend_from_slice(value);
        self
    }

    pub fn message(self, field: u64, value: &Message) -> Self {
        self.bytes(field, &value.0)
    }

    pub fn messages(self, field: u64, values: impl IntoIterator<Item = Message>) -> Self {
        values.into_iter().fold(self, |message, value| message.message(field, &value))
    }

    /// Repeated numbers, packed.
    pub fn numbers(self, field: u64, values: impl IntoIterator<Item = u64>) -> Self {
        let mut packed = Vec::new();
        values.into_iter().for_each(|value| push_varint(value, &mut packed));
        if packed.is_empty() { self } else { self.bytes(field, &packed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let message = Message::default().number(1, 300).signed(2, -5).double(3, 1.5).bytes(4, b"abc").numbers(5, [1, 200, 3]);
        let fields = Fields(&message.0).collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(fields[0], (1, Value::Number(300)));
        assert_eq!(fields[1].1.signed().unwrap(), -5);
        assert_eq!(fields[2].1.double().unwrap(), 1.5);
        assert_eq!(fields[3], (4, Value::Bytes(b"abc")));
        let mut numbers = Vec::new();
        fields[4].1.add_numbers(&mut numbers).unwrap();
        assert_eq!(numbers, [1, 200, 3]);
    }

    #[test]
    fn a_message_that_is_cut_short_is_refused() {
        let message = Message::default().bytes(4, b"abcdef");
        assert!(Fields(&message.0[..5]).any(|field| field.is_err()));
    }
}
