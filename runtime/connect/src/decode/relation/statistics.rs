//! `df.stat` and `df.describe`.

use emberflow_base::Result;
use emberflow_plan::tree::RelationKind;

use crate::decode::{Decoder, empty_field, literal};
use crate::proto;

impl<'a> Decoder<'a> {
    pub(super) fn summary(&self, message: &'a proto::StatSummary) -> Result<RelationKind> {
        Ok(RelationKind::Summary {
            input: self.input(message.input.as_deref(), "StatSummary")?,
            statistics: message.statistics.clone(),
        })
    }

    pub(super) fn describe(&self, message: &'a proto::StatDescribe) -> Result<RelationKind> {
        Ok(RelationKind::Describe { input: self.input(message.input.as_deref(), "StatDescribe")?, columns: message.cols.clone() })
    }

    pub(super) fn crosstab(&self, message: &'a proto::StatCrosstab) -> Result<RelationKind> {
        Ok(RelationKind::Crosstab {
            input: self.input(message.input.as_deref(), "StatCrosstab")?,
            column1: message.col1.clone(),
            column2: message.col2.clone(),
        })
    }

    pub(super) fn cov(&self, message: &'a proto::StatCov) -> Result<RelationKind> {
        Ok(RelationKind::Cov {
            input: self.input(message.input.as_deref(), "StatCov")?,
            column1: message.col1.clone(),
            column2: message.col2.clone(),
        })
    }

    pub(super) fn corr(&self, message: &'a proto::StatCorr) -> Result<RelationKind> {
        Ok(RelationKind::Corr {
            input: self.input(message.input.as_deref(), "StatCorr")?,
            column1: message.col1.clone(),
            column2: message.col2.clone(),
            method: message.method.clone(),
        })
    }

    pub(super) fn approx_quantile(&self, message: &'a proto::StatApproxQuantile) -> Result<RelationKind> {
        Ok(RelationKind::ApproxQuantile {
            input: self.input(message.input.as_deref(), "StatApproxQuantile")?,
            columns: message.cols.clone(),
            probabilities: message.probabilities.clone(),
            relative_error: message.relative_error,
        })
    }

    pub(super) fn freq_items(&self, message: &'a proto::StatFreqItems) -> Result<RelationKind> {
        Ok(RelationKind::FreqItems {
            input: self.input(message.input.as_deref(), "StatFreqItems")?,
            columns: message.cols.clone(),
            support: message.support,
        })
    }

    pub(super) fn sample_by(&self, message: &'a proto::StatSampleBy) -> Result<RelationKind> {
        let missing = || empty_field("spark.connect.StatSampleBy.Fraction.stratum", "stratum");
        let fractions = message
            .fractions
            .iter()
            .map(|fraction| Ok((literal::literal(fraction.stratum.as_ref().ok_or_else(missing)?)?, fraction.fraction)));
        Ok(RelationKind::SampleBy {
            input: self.input(message.input.as_deref(), "StatSampleBy")?,
            column: self.needed(message.col.as_ref(), "StatSampleBy", "col")?,
            fractions: fractions.collect::<Result<_>>()?,
            seed: message.seed,
        })
    }
}
