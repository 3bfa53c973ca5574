//! No text may make the parser panic, loop or overflow the stack.

use super::super::{SqlOptions, parse_expression, parse_identifier, parse_statement};

const SEEDS: &[&str] = &[
    "with recursive a(n) as (values (1, 'x') union all select n + 1 from a where n < 5) select /*+ broadcast(a) */ * except (n) from a",
    "select sum(a) filter (where b) over (partition by c order by d desc nulls last rows between 1 preceding and current row) from t",
    "select case a when 1 then 'x' else \"y\" end, x'1F', date '2020-01-01', interval '1-2' year to month, 1.5e3, 1L, r'\\' from t",
    "select a[0].b::int, f(x -> x + 1, (a, b) -> a), `q``q`.*, not a like any ('x', 'y') and b between 1 and 2 from a-- c\n, b",
    "insert overwrite t partition (a = 1, b) by name select * from (a join b using (c)) t lateral view outer explode(d) e as f",
    "create or replace temp view v (a comment 'x') using csv options (path '/x', k = 1) -- é",
    "select * from t pivot (sum(a) as s for (b, c) in ((1, 2) as x)) group by grouping sets ((a), rollup(b, c)) order by all limit 3",
    "set a.b = c; show functions like 'x'; describe table extended t a.b; cache lazy table t options (a 'b') as select 1",
    "create table t (a decimal(10, 2) not null default 1 comment 'x', b struct<c: array<map<string, int>>>) partitioned by (a)",
    "alter table a.t add if not exists partition (p = 1, q = 'x') partition (p = 2); alter view v as select 1; comment on table t is 'x'",
    "declare or replace variable x int default 5; set var (x, y) = (select 1, 2), z = default; execute immediate 'x' into y using 1 as z",
    "select * from t tablesample (10 percent) unpivot include nulls ((x, y) for n in ((a, b) as c, (d, e))) where a in () |> select 1",
    "select trim(both 'x' from y), extract(day from z), substring(a from 1 for 2), cast(a as interval day to second), :p, ?",
];

/// A small generator of our own, so that a failure can be replayed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }
}

/// One of the seeds with pieces dropped, doubled, swapped in from another seed or replaced by odd characters.
fn mutated(dice: &mut Dice) -> String {
    let mut text: Vec<char> = SEEDS[dice.below(SEEDS.len())].chars().collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(text.len());
        let end = (at + dice.below(12)).min(text.len());
        match dice.below(5) {
            0 => drop(text.drain(at..end)),
            1 => {
                let piece: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, piece);
            }
            2 => {
                let other: Vec<char> = SEEDS[dice.below(SEEDS.len())].chars().collect();
                let from = dice.below(other.len());
                text.splice(at..end, other[from..(from + 20).min(other.len())].iter().copied());
            }
            3 => text.truncate(at),
            _ => {
                let odd =
                    ['\'', '"', '`', '(', ')', '\\', '.', '-', '*', '/', '\0', 'é', '😀', '1', 'e', ';', '>', '$', '\u{feff}'];
                text.insert(at, odd[dice.below(odd.len())]);
            }
        }
        if text.is_empty() {
            text.push('x');
        }
    }
    text.into_iter().collect()
}

#[test]
fn mutated_texts_are_parsed_or_refused() {
    let mut dice = Dice(7);
    for _ in 0..20_000 {
        let text = mutated(&mut dice);
        let options = SqlOptions { double_quoted_identifiers: dice.below(2) == 0, ansi: true, ..SqlOptions::default() };
        let _ = parse_statement(&text, options);
        let _ = parse_expression(&text, options);
        let _ = parse_identifier(&text);
    }
}

#[test]
fn deep_and_long_texts_are_bounded() {
    let deep = |open: &str, close: &str| format!("select {}1{}", open.repeat(60_000), close.repeat(60_000));
    for text in [
        deep("(", ")"),
        deep("-(", ")"),
        deep("not ", ""),
        deep("f(", ")"),
        deep("(select ", ")"),
        deep("a[", "]"),
        deep("case when ", " then 1 end"),
        deep("x -> ", ""),
        format!("select 1{}", " + 1".repeat(60_000)),
        format!("select 1{}", " union all select 1".repeat(60_000)),
        format!("select a{}", "[0]".repeat(60_000)),
        format!("select * from a{}", " join b".repeat(30_000)),
        format!("select * from a{}", ", b".repeat(30_000)),
        format!("select * from {}t{}", "(".repeat(60_000), ")".repeat(60_000)),
        format!("select cast(1 as {}int", "array<".repeat(60_000)),
    ] {
        let error = parse_statement(&text, SqlOptions::default()).map(drop).unwrap_err();
        assert_eq!(error.condition(), "FAILED_TO_PARSE_TOO_COMPLEX", "{}", &text[..40]);
    }
}

#[test]
fn wide_texts_are_fine() {
    for text in [
        format!("select 1 where a = 1{}", " or a = 2".repeat(20_000)),
        format!("select a in (1{})", ", 2".repeat(50_000)),
        format!("select 1{}", ", 2".repeat(50_000)),
        format!("values (1){}", ", (2)".repeat(50_000)),
        format!("select 1{}", " + 1".repeat(1_000)),
        format!("select {}1{}", "(".repeat(400), ")".repeat(400)),
    ] {
        assert!(parse_statement(&text, SqlOptions::default()).is_ok(), "{}", &text[..30]);
    }
}
