//! An aggregate of ours as DataFusion sees it: flat per-group state, folded batch by batch.
//!
//!     batch + group of each row ──► Fold::update ──► state columns ──► Fold::merge ──► Fold::finish ──► one value a group
//!
//! One `Fold` serves plain grouping, DISTINCT (values are remembered, then folded once) and window frames that move
//! (the frame's rows are remembered and folded again). Begin at [`Fold`].

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{DataType as Arrow, Field, FieldRef};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, ReversedUDAF, Signature, TypeSignature,
    Volatility,
};
use emberflow_base::Result;

use crate::errors::{from_datafusion, to_datafusion};

/// Values as a column of this type, which there may be none to tell.
pub(super) fn column_of(items: Vec<ScalarValue>, element: &Arrow) -> Result<ArrayRef> {
    if items.is_empty() {
        return Ok(arrow::array::new_empty_array(element));
    }
    ScalarValue::iter_to_array(items).map_err(from_datafusion)
}

/// State of many groups, and how rows change it.
pub trait Fold: Send + Sync + 'static {
    /// Makes room: groups up to `groups` exist from now on.
    fn grow(&mut self, groups: usize);
    /// Takes rows in; `group_of(row)` is none for rows filtered out.
    fn update(&mut self, values: &[ArrayRef], group_of: &dyn Fn(usize) -> Option<usize>) -> Result<()>;
    /// Takes in all rows, each for its group: the road of most rows, so worth a loop of its own.
    fn update_all(&mut self, values: &[ArrayRef], groups: &[usize]) -> Result<()> {
        self.update(values, &|row| groups.get(row).copied())
    }
    /// Takes in all rows for group 0.
    fn update_one(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.update(values, &|_| Some(0))
    }
    /// Takes in other states, one row each.
    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()>;
    /// The state of the first `count` groups as columns.
    fn state(&mut self, count: usize) -> Result<Vec<ArrayRef>>;
    /// The answers of the first `count` groups.
    fn finish(&mut self, count: usize) -> Result<ArrayRef>;
    /// Forgets the first `count` groups.
    fn forget(&mut self, count: usize);
    /// How many groups there are.
    fn groups(&self) -> usize;
    /// Bytes held.
    fn bytes(&self) -> usize;
}

type Make = dyn Fn() -> Box<dyn Fold> + Send + Sync;

/// An aggregate function made of a [`Fold`].
#[derive(Clone)]
pub struct FoldAggregate {
    name: String,
    identity: String,
    returns: Arrow,
    state: Vec<Arrow>,
    signature: Signature,
    make: Arc<Make>,
}

impl FoldAggregate {
    /// `identity` says what `make` captured, so that different captures are different functions.
    pub fn new(
        name: &str,
        identity: impl Into<String>,
        returns: Arrow,
        state: Vec<Arrow>,
        make: impl Fn() -> Box<dyn Fold> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            identity: identity.into(),
            returns,
            state,
            signature: Signature::new(TypeSignature::UserDefined, Volatility::Immutable),
            make: Arc::new(make),
        }
    }

    /// The aggregate call.
    pub fn call(self, arguments: Vec<Expr>, distinct: bool) -> Expr {
        super::aggregated(Arc::new(AggregateUDF::new_from_impl(self)), arguments, distinct)
    }
}

impl fmt::Debug for FoldAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoldAggregate").field("name", &self.name).field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl PartialEq for FoldAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.identity == other.identity && self.returns == other.returns
    }
}

impl Eq for FoldAggregate {}

impl Hash for FoldAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.identity.hash(state);
        self.returns.hash(state);
    }
}

impl AggregateUDFImpl for FoldAggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[Arrow]) -> DataFusionResult<Vec<Arrow>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _types: &[Arrow]) -> DataFusionResult<Arrow> {
        Ok(self.returns.clone())
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        if args.is_distinct {
            let lists = args.input_fields.iter().enumerate().map(|(index, field)| {
                let list = Arrow::List(Arc::new(Field::new_list_field(field.data_type().clone(), true)));
                Arc::new(Field::new(format!("{}[seen {index}]", args.name), list, true)) as FieldRef
            });
            return Ok(lists.collect());
        }
        let fields = self.state.iter().enumerate();
        Ok(fields
            .map(|(index, kind)| Arc::new(Field::new(format!("{}[{index}]", args.name), kind.clone(), true)) as FieldRef)
            .collect())
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if args.is_distinct {
            let kinds = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
            return Ok(Box::new(Distinct { seen: HashSet::new(), kinds, make: Arc::clone(&self.make) }));
        }
        Ok(Box::new(Single { fold: (self.make)() }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        Ok(Box::new(Moving { rows: VecDeque::new(), distinct: args.is_distinct, make: Arc::clone(&self.make) }))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Grouped { fold: (self.make)(), make: Arc::clone(&self.make) }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// Many groups at once.
struct Grouped {
    fold: Box<dyn Fold>,
    make: Arc<Make>,
}

impl Grouped {
    fn count(&self, emit: EmitTo) -> usize {
        match emit {
            EmitTo::All => self.fold.groups(),
            EmitTo::First(count) => count,
        }
    }
}

impl GroupsAccumulator for Grouped {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.fold.grow(total);
        let result = match filter {
            None => self.fold.update_all(values, groups),
            Some(kept) => self.fold.update(values, &|row| (kept.is_valid(row) && kept.value(row)).then(|| groups[row])),
        };
        result.map_err(to_datafusion)
    }

    fn evaluate(&mut self, emit: EmitTo) -> DataFusionResult<ArrayRef> {
        let count = self.count(emit);
        let answers = self.fold.finish(count).map_err(to_datafusion)?;
        self.fold.forget(count);
        Ok(answers)
    }

    fn state(&mut self, emit: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        let count = self.count(emit);
        let states = self.fold.state(count).map_err(to_datafusion)?;
        self.fold.forget(count);
        Ok(states)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.fold.grow(total);
        self.fold.merge(states, groups).map_err(to_datafusion)
    }

    /// Every row a group of its own.
    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |value| value.len());
        let groups: Vec<usize> = (0..rows).collect();
        let mut apart = Self { fold: (self.make)(), make: Arc::clone(&self.make) };
        apart.update_batch(values, &groups, filter, rows)?;
        apart.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.fold.bytes()
    }
}

/// One group.
struct Single {
    fold: Box<dyn Fold>,
}

impl fmt::Debug for Single {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Single")
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.fold.grow(1);
        self.fold.update_one(values).map_err(to_datafusion)
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        self.fold.grow(1);
        ScalarValue::try_from_array(&self.fold.finish(1).map_err(to_datafusion)?, 0)
    }

    fn size(&self) -> usize {
        self.fold.bytes()
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        self.fold.grow(1);
        let states = self.fold.state(1).map_err(to_datafusion)?;
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        self.fold.grow(1);
        let rows = states.first().map_or(0, |state| state.len());
        self.fold.merge(states, &vec![0; rows]).map_err(to_datafusion)
    }
}

/// One group's distinct values, folded when asked.
struct Distinct {
    seen: HashSet<Vec<ScalarValue>>,
    kinds: Vec<Arrow>,
    make: Arc<Make>,
}

impl fmt::Debug for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distinct({} values)", self.seen.len())
    }
}

impl Distinct {
    fn columns(&self) -> DataFusionResult<Vec<ArrayRef>> {
        let columns = self.kinds.iter().enumerate().map(|(index, kind)| {
            if self.seen.is_empty() {
                return Ok(arrow::array::new_empty_array(kind));
            }
            ScalarValue::iter_to_array(self.seen.iter().map(|values| values[index].clone()))
        });
        columns.collect()
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        for row in 0..values.first().map_or(0, |value| value.len()) {
            if values.iter().all(|value| value.is_valid(row)) {
                let key = values.iter().map(|value| ScalarValue::try_from_array(value, row)).collect::<DataFusionResult<_>>()?;
                self.seen.insert(key);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let mut single = Single { fold: (self.make)() };
        single.update_batch(&self.columns()?)?;
        single.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.seen.iter().flatten().map(ScalarValue::size).sum::<usize>()
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Ok(self.columns()?.into_iter().map(|column| SingleRowListArrayBuilder::new(column).build_list_scalar()).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        for row in 0..states.first().map_or(0, |state| state.len()) {
            let values: Vec<ArrayRef> = states.iter().map(|state| state.as_list::<i32>().value(row)).collect();
            self.update_batch(&values)?;
        }
        Ok(())
    }
}

/// One group whose rows also leave again, first in first out.
struct Moving {
    rows: VecDeque<Vec<ArrayRef>>,
    distinct: bool,
    make: Arc<Make>,
}

impl fmt::Debug for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moving({} pieces)", self.rows.len())
    }
}

impl Accumulator for Moving {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.rows.push_back(values.to_vec());
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let mut leaving = values.first().map_or(0, |value| value.len());
        while leaving > 0 {
            let Some(oldest) = self.rows.pop_front() else { break };
            let held = oldest.first().map_or(0, |value| value.len());
            if held > leaving {
                self.rows.push_front(oldest.iter().map(|value| value.slice(leaving, held - leaving)).collect());
                break;
            }
            leaving -= held;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let mut whole: Box<dyn Accumulator> = match (self.distinct, self.rows.front()) {
            (true, Some(piece)) => {
                let kinds = piece.iter().map(|value| value.data_type().clone()).collect();
                Box::new(Distinct { seen: HashSet::new(), kinds, make: Arc::clone(&self.make) })
            }
            _ => Box::new(Single { fold: (self.make)() }),
        };
        for piece in &self.rows {
            whole.update_batch(piece)?;
        }
        whole.evaluate()
    }

    fn size(&self) -> usize {
        self.rows.iter().flatten().map(|value| value.get_array_memory_size()).sum()
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let mut whole = Single { fold: (self.make)() };
        for piece in &self.rows {
            whole.update_batch(piece)?;
        }
        whole.state()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> DataFusionResult<()> {
        Err(datafusion::common::DataFusionError::Internal("a moving frame has nothing to merge".into()))
    }
}
