//! The column names a verb leaves, told without asking the engine.
//!
//!     names of the input, the verb ─► names, or nothing where only the engine knows
//!
//! Scripts add columns in loops and look each one up as `df$x`; asking about the whole plan at every step would make a
//! loop cost the square of its length and more. A wrong expression in a verb is then told when the frame is used.
//! Begin at [`after`].

use proto::relation::RelType;
use spark_connect_proto as proto;

/// The names after a verb over a frame with these names.
pub fn after(verb: &RelType, names: &[String]) -> Option<Vec<String>> {
    match verb {
        RelType::Filter(_)
        | RelType::Sort(_)
        | RelType::Limit(_)
        | RelType::Tail(_)
        | RelType::Deduplicate(_)
        | RelType::Sample(_)
        | RelType::SampleBy(_)
        | RelType::Repartition(_)
        | RelType::RepartitionByExpression(_)
        | RelType::FillNa(_)
        | RelType::DropNa(_)
        | RelType::Hint(_)
        | RelType::SubqueryAlias(_) => Some(names.to_vec()),
        RelType::WithColumns(added) => with_columns(names, &added.aliases),
        RelType::ToDf(renamed) => Some(renamed.column_names.clone()),
        _ => None,
    }
}

/// A column of the same name, whatever its case, is replaced where it stands.
fn with_columns(names: &[String], aliases: &[proto::expression::Alias]) -> Option<Vec<String>> {
    let mut after = names.to_vec();
    for alias in aliases {
        let [name] = alias.name.as_slice() else { return None };
        match after.iter_mut().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => known.clone_from(name),
            None => after.push(name.clone()),
        }
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn added(list: &[&str]) -> RelType {
        let alias = |name: &&str| proto::expression::Alias { name: vec![(*name).to_owned()], ..Default::default() };
        RelType::WithColumns(Box::new(proto::WithColumns { input: None, aliases: list.iter().map(alias).collect() }))
    }

    #[test]
    fn added_columns_come_last_and_known_ones_stay_in_place() {
        assert_eq!(after(&added(&["c", "A"]), &names(&["a", "b"])), Some(names(&["A", "b", "c"])));
    }

    #[test]
    fn rows_may_go_without_touching_names() {
        let filter = RelType::Filter(Box::default());
        assert_eq!(after(&filter, &names(&["a"])), Some(names(&["a"])));
    }

    #[test]
    fn what_only_the_engine_knows_is_not_guessed() {
        assert_eq!(after(&RelType::Project(Box::default()), &names(&["a"])), None);
    }
}
