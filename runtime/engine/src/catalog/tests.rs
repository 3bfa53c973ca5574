//! What survives: the catalog seen again by another that opens the same folder.

use std::path::PathBuf;

use super::*;

fn warehouse(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("emberflow-catalog-{name}-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn table(catalog: &Catalog, database: &str, name: &str) -> Table {
    let full = FullName { database: database.into(), table: name.into() };
    let (location, making) = catalog.reserve(&full).unwrap();
    drop(making);
    Table {
        database: database.into(),
        name: name.into(),
        kind: TableKind::Files(Files { format: "parquet".into(), location, is_managed: true, ..Files::default() }),
        schema: emberflow_plan::ddl::parse_schema("a INT").unwrap(),
        properties: Properties::new(),
        comment: None,
        created_us: 1,
        owner: "me".into(),
    }
}

fn full(database: &str, table: &str) -> FullName {
    FullName { database: database.into(), table: table.into() }
}

fn fill(table: &Table) -> PathBuf {
    let folder = table.own_folder().unwrap().unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("part-0"), "x").unwrap();
    folder
}

#[test]
fn everything_is_there_for_another_catalog_at_once() {
    let folder = warehouse("again");
    let (one, other) = (Catalog::new(folder.clone()), Catalog::new(folder.clone()));
    one.create_database(Database { name: "d".into(), comment: Some("x".into()), ..Database::default() }, false).unwrap();
    assert_eq!(other.database("d").unwrap().unwrap().comment.as_deref(), Some("x"));
    let made = table(&one, "d", "t");
    assert!(one.add(&made).unwrap());
    assert!(!other.add(&made).unwrap());
    assert_eq!(other.find(&full("d", "t")).unwrap(), Some(made));
    other.rename(&full("d", "t"), &full("d", "u")).unwrap();
    assert_eq!(one.table_names("d").unwrap(), ["u"]);
    assert!(one.remove(&full("d", "u")).unwrap());
    assert_eq!(other.find(&full("d", "u")).unwrap(), None);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn data_go_with_their_table_and_with_no_other() {
    let folder = warehouse("data");
    let catalog = Catalog::new(folder.clone());
    let first = table(&catalog, DEFAULT_DATABASE, "t");
    let first_folder = fill(&first);
    catalog.add(&first).unwrap();
    catalog.rename(&full(DEFAULT_DATABASE, "t"), &full(DEFAULT_DATABASE, "old")).unwrap();
    // The renamed table keeps its folder, so the next of its name lies beside it.
    let second = table(&catalog, DEFAULT_DATABASE, "t");
    let second_folder = fill(&second);
    assert_ne!(first_folder, second_folder);
    catalog.add(&second).unwrap();
    catalog.remove(&full(DEFAULT_DATABASE, "t")).unwrap();
    assert!(first_folder.exists());
    assert!(!second_folder.exists());
    catalog.remove(&full(DEFAULT_DATABASE, "old")).unwrap();
    assert!(!first_folder.exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_folder_of_somebody_else_is_not_taken() {
    let folder = warehouse("else");
    let catalog = Catalog::new(folder.clone());
    std::fs::create_dir_all(folder.join("t")).unwrap();
    assert!(catalog.reserve(&full(DEFAULT_DATABASE, "t")).is_ok());
    std::fs::write(folder.join("t/data"), "x").unwrap();
    let error = catalog.reserve(&full(DEFAULT_DATABASE, "t")).err().unwrap();
    assert_eq!(error.condition(), "LOCATION_ALREADY_EXISTS");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn two_that_make_the_same_table_do_not_share_its_folder() {
    let folder = warehouse("two");
    let (one, other) = (Catalog::new(folder.clone()), Catalog::new(folder.clone()));
    let name = full(DEFAULT_DATABASE, "t");
    let (first, held) = one.reserve(&name).unwrap();
    let (second, _) = other.reserve(&name).unwrap();
    assert_ne!(first, second);
    drop(held);
    assert_eq!(other.reserve(&name).unwrap().0, first);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn replacing_a_table_removes_what_only_it_had() {
    let folder = warehouse("replace");
    let catalog = Catalog::new(folder.clone());
    let old = table(&catalog, DEFAULT_DATABASE, "t");
    let old_folder = fill(&old);
    catalog.add(&old).unwrap();
    let new = table(&catalog, DEFAULT_DATABASE, "t");
    let new_folder = fill(&new);
    catalog.replace(&new).unwrap();
    assert!(!old_folder.exists());
    assert!(new_folder.exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn dropping_a_database_takes_everything_in_it() {
    let folder = warehouse("database");
    let catalog = Catalog::new(folder.clone());
    catalog.create_database(Database { name: "d".into(), ..Database::default() }, false).unwrap();
    let made = table(&catalog, "d", "t");
    let data = fill(&made);
    catalog.add(&made).unwrap();
    assert_eq!(catalog.drop_database("d", false, false).unwrap_err().condition(), "SCHEMA_NOT_EMPTY");
    catalog.drop_database("d", false, true).unwrap();
    assert!(!data.exists());
    assert!(!catalog.has_database("d"));
    assert_eq!(catalog.drop_database(DEFAULT_DATABASE, true, true).unwrap_err().condition(), "UNSUPPORTED_FEATURE.DROP_DATABASE");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn many_writers_lose_nothing() {
    let folder = warehouse("many");
    let threads: Vec<_> = (0..4)
        .map(|writer| {
            let folder = folder.clone();
            std::thread::spawn(move || {
                let catalog = Catalog::new(folder);
                for number in 0..8 {
                    assert!(catalog.add(&table(&catalog, DEFAULT_DATABASE, &format!("t{writer}_{number}"))).unwrap());
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(Catalog::new(folder.clone()).table_names(DEFAULT_DATABASE).unwrap().len(), 32);
    std::fs::remove_dir_all(folder).unwrap();
}
