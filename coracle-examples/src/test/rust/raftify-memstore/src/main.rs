//! A member of a raftify cluster with the types of its memstore example, led by lines on the standard input.
//!
//!     raftify-memstore --addr HOST:PORT [--id N] [--peers ID=HOST:PORT[=ROLE],... | --join HOST:PORT]
//!                      [--dir DIR] [--quorum-checks] [--batch BYTES] [--election-ticks N] [--tls DIR]
//!
//! Without peers it makes a cluster of its own; with `--join` it asks that member for a ticket; with `--peers` it is one
//! of those. An append message has at most `--batch` bytes of entries, one entry if it is not given, as raft-rs has it.
//! `--tls` names a directory with `ca.pem`, `cert.pem` and `key.pem`, by which it shows itself and asks for others' the
//! same. Each line of the input is answered by one line, which begins with `ok` or `error`. With the end of the input
//! the process ends. Log lines go to the standard error, with RAFTIFY_DEBUG in the environment all of them.

use raftify::{
    async_trait, bincode, create_client,
    raft::{
        eraftpb::{ConfChangeSingle, ConfChangeType, ConfChangeV2},
        logger::Slogger,
        Storage,
    },
    raft_service::{ChangeConfigArgs, Empty, Peer as WirePeer, Peers as WirePeers, ProposeArgs, RequestIdArgs},
    AbstractLogEntry, AbstractStateMachine, ConfigBuilder, HeedStorage, InitialRole, MemStorage, Peer, Peers, Raft,
    RaftConfig, Result, StableStorage, TlsConfig,
};
use serde::{Deserialize, Serialize};
use slog::Drain;
use std::{
    collections::HashMap,
    io::{BufRead, Write},
    net::SocketAddr,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};

type Outcome = std::result::Result<String, String>;

#[derive(Clone, Debug, Deserialize, Serialize)]
enum LogEntry {
    Insert { key: u64, value: String },
}

impl AbstractLogEntry for LogEntry {
    fn encode(&self) -> Result<Vec<u8>> {
        Ok(bincode::serialize(self)?)
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        Ok(bincode::deserialize(bytes)?)
    }
}

#[derive(Clone, Debug, Default)]
struct Store(Arc<RwLock<HashMap<u64, String>>>);

#[async_trait]
impl AbstractStateMachine for Store {
    async fn apply(&mut self, data: Vec<u8>) -> Result<Vec<u8>> {
        let LogEntry::Insert { key, value } = LogEntry::decode(&data)?;
        self.0.write().unwrap().insert(key, value);
        Ok(data)
    }

    async fn snapshot(&self) -> Result<Vec<u8>> {
        self.encode()
    }

    async fn restore(&mut self, data: Vec<u8>) -> Result<()> {
        *self.0.write().unwrap() = bincode::deserialize(&data)?;
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>> {
        Ok(bincode::serialize(&*self.0.read().unwrap())?)
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        Ok(Store(Arc::new(RwLock::new(bincode::deserialize(bytes)?))))
    }
}

struct Arguments {
    addr: String,
    id: u64,
    peers: Option<Peers>,
    join: Option<String>,
    dir: Option<String>,
    quorum_checks: bool,
    batch: u64,
    election_ticks: usize,
    tls: Option<TlsConfig>,
}

fn arguments() -> Arguments {
    let mut parsed = Arguments {
        addr: String::new(),
        id: 1,
        peers: None,
        join: None,
        dir: None,
        quorum_checks: false,
        batch: 0,
        election_ticks: 10,
        tls: None,
    };
    let mut list = None;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--addr" => parsed.addr = value(),
            "--id" => parsed.id = value().parse().expect("--id"),
            "--peers" => list = Some(value()),
            "--join" => parsed.join = Some(value()),
            "--dir" => parsed.dir = Some(value()),
            "--quorum-checks" => parsed.quorum_checks = true,
            "--batch" => parsed.batch = value().parse().expect("--batch"),
            "--election-ticks" => parsed.election_ticks = value().parse().expect("--election-ticks"),
            "--tls" => parsed.tls = Some(tls(&value())),
            _ => panic!("unknown argument {word}"),
        }
    }
    parsed.peers = list.map(|list| peers(&list, &parsed.tls));
    parsed
}

fn tls(dir: &str) -> TlsConfig {
    TlsConfig {
        ca_cert_path: Some(format!("{dir}/ca.pem")),
        cert_path: Some(format!("{dir}/cert.pem")),
        key_path: Some(format!("{dir}/key.pem")),
        domain_name: Some("localhost".to_string()),
    }
}

fn peers(text: &str, tls: &Option<TlsConfig>) -> Peers {
    let mut peers = Peers::with_empty();
    peers.client_tls_config = tls.clone();
    for each in text.split(',') {
        let parts: Vec<&str> = each.split('=').collect();
        let role = match parts.get(2) {
            Some(&"leader") => InitialRole::Leader,
            Some(&"learner") => InitialRole::Learner,
            _ => InitialRole::Voter,
        };
        let id: u64 = parts[0].parse().expect("peer id");
        peers.inner.insert(id, Peer::new(parts[1], role, tls.clone()));
    }
    peers
}

fn main() {
    let arguments = arguments();
    let drain = slog_term();
    let logger = Arc::new(Slogger {
        slog: slog::Logger::root(drain, slog::o!()),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(async {
        match arguments.dir.clone() {
            Some(dir) => {
                std::fs::create_dir_all(&dir).expect("--dir");
                let config = ConfigBuilder::new().log_dir(dir.clone()).lmdb_map_size(256 << 20).build();
                let storage = HeedStorage::create(&dir, &config, logger.clone()).expect("storage");
                run(arguments, storage, logger).await
            }
            None => run(arguments, MemStorage::create(), logger).await,
        }
    });
}

/// Prints log lines to the standard error as they are.
struct Stderr(Mutex<std::io::Stderr>, slog::Level);

impl Drain for Stderr {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &slog::Record, _: &slog::OwnedKVList) -> std::result::Result<(), slog::Never> {
        if record.level().is_at_least(self.1) {
            let _ = writeln!(self.0.lock().unwrap(), "{} {}", record.level(), record.msg());
        }
        Ok(())
    }
}

fn slog_term() -> Stderr {
    let level = match std::env::var_os("RAFTIFY_DEBUG") {
        Some(_) => slog::Level::Debug,
        None => slog::Level::Info,
    };
    Stderr(Mutex::new(std::io::stderr()), level)
}

async fn run<S: StableStorage + Storage + Send + Sync + Clone + 'static>(
    arguments: Arguments,
    storage: S,
    logger: Arc<Slogger>,
) {
    let mut id = arguments.id;
    let mut initial = arguments.peers.clone();
    let mut ticket = None;
    if let Some(peer) = &arguments.join {
        let found = Raft::<LogEntry, S, Store>::request_id(arguments.addr.clone(), peer.clone(), arguments.tls.clone())
            .await
            .expect("ticket");
        id = found.reserved_id;
        let mut known: Peers = found.peers.clone().into();
        known.client_tls_config = arguments.tls.clone();
        known.inner.values_mut().for_each(|peer| peer.client_tls_config = arguments.tls.clone());
        initial = Some(known);
        ticket = Some(found);
    }
    let raft_config = RaftConfig {
        id,
        election_tick: arguments.election_ticks,
        heartbeat_tick: 2,
        omit_heartbeat_log: true,
        check_quorum: arguments.quorum_checks,
        pre_vote: arguments.quorum_checks,
        max_size_per_msg: arguments.batch,
        ..Default::default()
    };
    let mut builder = ConfigBuilder::new()
        .log_dir(arguments.dir.clone().unwrap_or_default())
        .tick_interval(0.05)
        .raft_config(raft_config);
    if let Some(peers) = initial {
        builder = builder.initial_peers(peers);
    }
    if let Some(tls) = arguments.tls.clone() {
        builder = builder.server_tls_config(tls.clone()).global_client_tls_config(tls);
    }
    // raftify does not hand a stored snapshot to the state machine when it starts: its user has to.
    let store = Store::default();
    let snapshot = storage.snapshot(0, 0).expect("snapshot");
    if !snapshot.get_data().is_empty() {
        store.clone().restore(snapshot.get_data().to_vec()).await.expect("restore");
    }
    let raft: Raft<LogEntry, S, Store> =
        Raft::bootstrap(id, arguments.addr.clone(), storage, store.clone(), builder.build(), logger).expect("bootstrap");
    let running = tokio::spawn(raft.clone().run());
    if let Some(ticket) = ticket {
        // Not add_peers, as raftify's example does: the peers are known, and it ends the node if one of them is down.
        raft.join_cluster(vec![ticket]).await.expect("join_cluster");
    }
    println!("ready {id}");

    let (lines, mut incoming) = tokio::sync::mpsc::channel::<String>(1000);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
            if lines.blocking_send(line).is_err() {
                break;
            }
        }
        // Nobody leads this process any more.
        std::process::exit(0);
    });
    let ended = async {
        let how = running.await;
        println!("ended {:?}", how.map(|result| result.map_err(|e| e.to_string())));
        std::process::exit(0);
    };
    let led = async {
        while let Some(line) = incoming.recv().await {
            let words: Vec<&str> = line.split_whitespace().collect();
            // Of the many proposals of a fill each has a limit of its own.
            let limit = if words.first() == Some(&"fill") { 600 } else { 10 };
            let outcome =
                match tokio::time::timeout(Duration::from_secs(limit), perform(&raft, &store, &words, &arguments.tls)).await {
                    Ok(outcome) => outcome,
                    Err(_) => Err(format!("no answer in {limit} s")),
                };
            match outcome {
                Ok(text) => println!("ok {text}"),
                Err(text) => println!("error {}", text.replace('\n', " ")),
            }
        }
    };
    tokio::join!(ended, led);
}

fn text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

fn number(word: &str) -> std::result::Result<u64, String> {
    word.parse().map_err(text)
}

fn change(kind: &str) -> std::result::Result<ConfChangeType, String> {
    match kind {
        "add" => Ok(ConfChangeType::AddNode),
        "add-learner" => Ok(ConfChangeType::AddLearnerNode),
        "remove" => Ok(ConfChangeType::RemoveNode),
        _ => Err(format!("unknown change {kind}")),
    }
}

fn single(kind: &str, id: &str) -> std::result::Result<ConfChangeSingle, String> {
    let mut single = ConfChangeSingle::default();
    single.set_change_type(change(kind)?);
    single.set_node_id(number(id)?);
    Ok(single)
}

/// Proposes in a task of its own, which waits for ever: a node of raftify ends when it has an answer for whom nobody waits.
fn propose<S: StableStorage + Storage + Send + Sync + Clone + 'static>(
    raft: &Raft<LogEntry, S, Store>,
    entry: Vec<u8>,
) -> tokio::task::JoinHandle<std::result::Result<(), String>> {
    let raft = raft.clone();
    tokio::spawn(async move { raft.propose(entry).await.map_err(text) })
}

async fn perform<S: StableStorage + Storage + Send + Sync + Clone + 'static>(
    raft: &Raft<LogEntry, S, Store>,
    store: &Store,
    words: &[&str],
    tls: &Option<TlsConfig>,
) -> Outcome {
    let insert = |key: &str, value: &str| -> std::result::Result<Vec<u8>, String> {
        LogEntry::Insert { key: number(key)?, value: value.to_string() }.encode().map_err(text)
    };
    match words {
        ["put", key, value] => {
            propose(raft, insert(key, value)?).await.map_err(text).and_then(|outcome| outcome).map(|_| String::new())
        }
        // Puts for all keys of a range, so many at a time: one after the other they would take a tenth of a second each.
        ["fill", from, to, value, at_once] => {
            let room = Arc::new(tokio::sync::Semaphore::new(number(at_once)? as usize));
            let mut all = tokio::task::JoinSet::new();
            for key in number(from)?..number(to)? {
                let permit = room.clone().acquire_owned().await.map_err(text)?;
                let proposed = propose(raft, insert(&key.to_string(), value)?);
                all.spawn(async move {
                    let _permit = permit;
                    match tokio::time::timeout(Duration::from_secs(20), proposed).await {
                        Ok(outcome) => outcome.map_err(text).and_then(|outcome| outcome),
                        Err(_) => Err(format!("no answer for {key} in 20 s")),
                    }
                });
            }
            let mut failures = Vec::new();
            while let Some(each) = all.join_next().await {
                if let Err(failure) = each.map_err(text).and_then(|outcome| outcome) {
                    failures.push(failure);
                }
            }
            match failures.first() {
                None => Ok(String::new()),
                Some(first) => Err(format!("{} failed, one with {first}", failures.len())),
            }
        }
        ["get", key] => match store.0.read().unwrap().get(&number(key)?) {
            Some(value) => Ok(value.clone()),
            None => Err("none".to_string()),
        },
        ["count"] => Ok(store.0.read().unwrap().len().to_string()),
        // Key by key, so that whole states can be compared.
        ["digest"] => {
            let map = store.0.read().unwrap();
            let mut keys: Vec<&u64> = map.keys().collect();
            keys.sort();
            let mut sum: u64 = 0;
            for key in keys {
                for byte in format!("{key}={};", map[key]).bytes() {
                    sum = sum.wrapping_mul(31).wrapping_add(byte as u64);
                }
            }
            Ok(format!("{} {sum}", map.len()))
        }
        ["dump", file] => {
            let map = store.0.read().unwrap();
            let mut keys: Vec<&u64> = map.keys().collect();
            keys.sort();
            let lines: String = keys.iter().map(|key| format!("{key}={}\n", map[key])).collect();
            std::fs::write(file, lines).map(|_| String::new()).map_err(text)
        }
        ["leader"] => raft.get_leader_id().await.map(|id| id.to_string()).map_err(text),
        ["peers"] => raft.get_peers().await.map(|peers| peers.to_json()).map_err(text),
        ["inspect"] => raft.inspect().await.map_err(text),
        ["transfer", id] => raft.transfer_leader(number(id)?).await.map(|_| String::new()).map_err(text),
        ["leave"] => raft.leave().await.map(|_| String::new()).map_err(text),
        ["change", kind, id, addr] => {
            let mut cc = ConfChangeV2::default();
            cc.set_changes(vec![single(kind, id)?]);
            let addrs: Vec<SocketAddr> = vec![addr.parse().map_err(text)?];
            cc.set_context(bincode::serialize(&addrs).map_err(text)?);
            raft.change_config(cc).await.map(|result| format!("{result:?}")).map_err(text)
        }
        ["call", addr, rest @ ..] => call(addr, rest, insert, tls).await,
        _ => Err(format!("unknown command {words:?}")),
    }
}

/// The calls of raftify's own client, at any node.
async fn call(
    addr: &str,
    words: &[&str],
    insert: impl Fn(&str, &str) -> std::result::Result<Vec<u8>, String>,
    tls: &Option<TlsConfig>,
) -> Outcome {
    let mut client = create_client(addr, tls.clone()).await.map_err(text)?;
    match words {
        ["RequestId", own] => {
            let answer = client
                .request_id(RequestIdArgs { raft_addr: own.to_string() })
                .await
                .map_err(text)?
                .into_inner();
            let peers: Peers = bincode::deserialize(&answer.peers).map_err(text)?;
            Ok(format!(
                "{} {} {} {} {}",
                answer.code,
                answer.reserved_id,
                answer.leader_id,
                answer.leader_addr,
                peers.to_json()
            ))
        }
        ["ChangeConfig", kind, id, own] => {
            let answer = client
                .change_config(ChangeConfigArgs {
                    addrs: vec![own.to_string()],
                    changes: vec![single(kind, id)?],
                })
                .await
                .map_err(text)?
                .into_inner();
            let peers: Peers = bincode::deserialize(&answer.peers).map_err(text)?;
            Ok(format!(
                "{} {:?} {} {}",
                answer.result_type,
                answer.assigned_ids,
                String::from_utf8_lossy(&answer.error),
                peers.to_json()
            ))
        }
        ["Propose", key, value] => {
            let answer = client.propose(ProposeArgs { msg: insert(key, value)? }).await.map_err(text)?.into_inner();
            match answer.error.is_empty() {
                true => Ok(String::new()),
                false => Err(String::from_utf8_lossy(&answer.error).to_string()),
            }
        }
        ["GetPeers"] => Ok(client.get_peers(Empty {}).await.map_err(text)?.into_inner().peers_json),
        ["SetPeers", id, own] => {
            let peers = vec![WirePeer { node_id: number(id)?, addr: own.to_string() }];
            client.set_peers(WirePeers { peers }).await.map_err(text)?;
            Ok(String::new())
        }
        ["LeaveJoint"] => client.leave_joint(Empty {}).await.map(|_| String::new()).map_err(text),
        ["DebugNode"] => Ok(client.debug_node(Empty {}).await.map_err(text)?.into_inner().result_json),
        ["CreateSnapshot"] => client.create_snapshot(Empty {}).await.map(|_| String::new()).map_err(text),
        _ => Err(format!("unknown call {words:?}")),
    }
}
