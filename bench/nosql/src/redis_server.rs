//! Redis over loopback: an item is a hash, a group's names are a sorted set, as YCSB keeps them for scans.
//!
//! The server is started by the benchmark on a free port with a folder of its own, and ended with it. Its append-only file
//! is never rewritten meanwhile, which would cost it and those measured after it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::{Connection, RedisResult};

use crate::generate::{Name, Texts, field_name};
use crate::workload::Client;
use crate::{LOADERS, Outcome};

/// Items of one pipeline of a load.
const BATCH_ITEMS: usize = 256;

pub struct Server {
    process: Child,
    port: u16,
}

impl Server {
    pub fn start(folder: &Path) -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::create_dir_all(folder)?;
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"])
            .arg(folder)
            .args(["--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|why| format!("redis-server cannot be started: {why}"))?;
        let server = Self { process, port };
        for _ in 0..500 {
            if server.connect().is_ok() {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("redis-server does not answer".into())
    }

    pub fn connect(&self) -> RedisResult<Connection> {
        let mut connection = redis::Client::open(format!("redis://127.0.0.1:{}/", self.port))?.get_connection()?;
        redis::cmd("PING").exec(&mut connection)?;
        Ok(connection)
    }

    /// `always` or `everysec`.
    pub fn sync(&self, when: &str) -> Outcome<()> {
        Ok(redis::cmd("CONFIG").arg("SET").arg("appendfsync").arg(when).exec(&mut self.connect()?)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub struct RedisClient(pub Connection);

impl Client for RedisClient {
    async fn read(&mut self, name: &Name) -> Outcome<usize> {
        let item: Vec<(String, String)> = redis::cmd("HGETALL").arg(name.whole()).query(&mut self.0)?;
        Ok(std::hint::black_box(item).len())
    }

    async fn update(&mut self, name: &Name, field: usize, value: String) -> Outcome<()> {
        Ok(redis::cmd("HSET").arg(name.whole()).arg(field_name(field)).arg(value).exec(&mut self.0)?)
    }

    async fn insert(&mut self, name: &Name, fields: Vec<String>) -> Outcome<()> {
        let mut pipe = redis::pipe();
        add(&mut pipe, name, &fields);
        Ok(pipe.exec(&mut self.0)?)
    }

    async fn modify(&mut self, name: &Name, field: usize, value: String) -> Outcome<()> {
        self.read(name).await?;
        self.update(name, field, value).await
    }

    async fn scan(&mut self, from: &Name, most: usize) -> Outcome<usize> {
        let mut range = redis::cmd("ZRANGEBYLEX");
        range.arg(from.group()).arg(format!("[{}", from.sorting())).arg("+").arg("LIMIT").arg(0).arg(most);
        let found: Vec<String> = range.query(&mut self.0)?;
        let mut pipe = redis::pipe();
        for sorting in &found {
            pipe.cmd("HGETALL").arg(format!("{}.{sorting}", from.group()));
        }
        let items: Vec<Vec<(String, String)>> = pipe.query(&mut self.0)?;
        Ok(std::hint::black_box(items).len())
    }
}

fn add(pipe: &mut redis::Pipeline, name: &Name, fields: &[String]) {
    let hash = pipe.cmd("HSET").arg(name.whole());
    for (at, field) in fields.iter().enumerate() {
        hash.arg(field_name(at)).arg(field);
    }
    pipe.ignore().cmd("ZADD").arg(name.group()).arg(0).arg(name.sorting()).ignore();
}

/// Pipelines of many items; synced each second.
pub fn load(server: &Server, items: u64) -> Outcome<()> {
    std::thread::scope(|scope| {
        let loaders: Vec<_> = (0..LOADERS).map(|loader| scope.spawn(move || load_share(server, loader, items))).collect();
        loaders.into_iter().try_for_each(|loader| loader.join().map_err(|_| "a loader died")?)
    })
}

fn load_share(server: &Server, loader: u64, items: u64) -> Outcome<()> {
    let (mut texts, mut connection) = (Texts::new(loader), server.connect()?);
    let (mut pipe, mut gathered) = (redis::pipe(), 0);
    for item in (loader..items).step_by(LOADERS as usize) {
        add(&mut pipe, &Name::of(item, items), &texts.item());
        gathered += 1;
        if gathered == BATCH_ITEMS {
            pipe.exec(&mut connection)?;
            (pipe, gathered) = (redis::pipe(), 0);
        }
    }
    Ok(pipe.exec(&mut connection)?)
}
