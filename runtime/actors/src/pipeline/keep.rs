//! The states of a pipeline's operators, to be kept between runs.

use datafusion::common::{Result, exec_datafusion_err, exec_err};

/// All operators' states at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    pub states: Vec<OperatorState>,
}

/// One operator's state on one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorState {
    /// Which operator of the pipeline, the first being 0.
    pub operator: usize,
    pub partition: usize,
    pub bytes: Vec<u8>,
}

impl Snapshot {
    /// The states of `operator` by partition; an error unless there are exactly `partitions`, because rows of a key would
    /// look for their state in another partition.
    pub(super) fn of(&self, operator: usize, partitions: usize) -> Result<Vec<&[u8]>> {
        let mut states: Vec<&OperatorState> = self.states.iter().filter(|state| state.operator == operator).collect();
        states.sort_by_key(|state| state.partition);
        let complete = states.len() == partitions && states.iter().enumerate().all(|(at, state)| state.partition == at);
        if !complete {
            return exec_err!("operator {operator} has states of {} partitions and now runs on {partitions}", states.len());
        }
        Ok(states.into_iter().map(|state| state.bytes.as_slice()).collect())
    }

    /// The snapshot as bytes: per state operator, partition and length as little-endian u64, then the state.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for state in &self.states {
            for number in [state.operator, state.partition, state.bytes.len()] {
                bytes.extend((number as u64).to_le_bytes());
            }
            bytes.extend(&state.bytes);
        }
        bytes
    }

    /// What [`Snapshot::encode`] gave.
    pub fn decode(mut bytes: &[u8]) -> Result<Self> {
        let mut states = Vec::new();
        while !bytes.is_empty() {
            let (operator, partition, length) = (number(&mut bytes)?, number(&mut bytes)?, number(&mut bytes)?);
            states.push(OperatorState { operator, partition, bytes: cut(&mut bytes, length)?.to_vec() });
        }
        Ok(Self { states })
    }
}

fn number(bytes: &mut &[u8]) -> Result<usize> {
    let word = cut(bytes, 8)?.try_into().map_err(|_| exec_datafusion_err!("a snapshot ends early"))?;
    Ok(u64::from_le_bytes(word) as usize)
}

fn cut<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(length).ok_or_else(|| exec_datafusion_err!("a snapshot ends early"))?;
    *bytes = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(partition: usize) -> OperatorState {
        OperatorState { operator: 1, partition, bytes: vec![7; partition] }
    }

    #[test]
    fn bytes_and_back() {
        let snapshot = Snapshot { states: vec![state(0), state(1), state(2)] };
        let bytes = snapshot.encode();
        assert_eq!(Snapshot::decode(&bytes).unwrap(), snapshot);
        assert!(Snapshot::decode(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn states_must_fit_the_partitions() {
        let snapshot = Snapshot { states: vec![state(1), state(0)] };
        assert_eq!(snapshot.of(1, 2).unwrap(), [&[][..], &[7]]);
        assert!(snapshot.of(1, 3).is_err() && snapshot.of(0, 2).is_err());
    }
}
