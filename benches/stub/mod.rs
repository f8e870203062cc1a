//! A SCIM target of a few microseconds a request, in a process of its own so that its CPU is not counted: this program
//! once more, with `STUB` set. HTTP/1.1 by hand on one tokio thread; it believes everything and remembers nothing.
#![allow(dead_code, reason = "every bench takes only its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::sample::BoxError;

/// Set in the server's process: milliseconds between a request and its answer.
pub(crate) const STUB: &str = "STUB";

/// A server that ends when this is dropped.
pub(crate) struct Stub {
    process: Child,
    address: String,
}

/// What a server has seen so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Requests.
    pub(crate) requests: u64,
    /// Connections over which a request came.
    pub(crate) connections: u64,
    /// Bytes of all requests, heads included.
    pub(crate) bytes: u64,
}

impl Stub {
    /// Starts one with this latency in milliseconds.
    pub(crate) fn start(latency: u64) -> Result<Self, BoxError> {
        let mut process = Command::new(std::env::current_exe()?)
            .env(STUB, latency.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        Ok(Self { process, address: address.trim().to_owned() })
    }

    /// Where its SCIM service begins.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/scim/v2", self.address)
    }

    /// What it has seen.
    pub(crate) fn seen(&self) -> Result<Seen, BoxError> {
        let mut stream = std::net::TcpStream::connect(&self.address)?;
        stream.write_all(b"GET /seen HTTP/1.1\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.rsplit("\r\n").next().unwrap_or_default();
        let numbers = body.split(' ').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        match *numbers {
            [requests, connections, bytes] => Ok(Seen { requests, connections, bytes }),
            _ => Err("the server answers something else".into()),
        }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        // If it cannot be killed it is gone already; else it ends with its standard input.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Default)]
struct Counters {
    requests: AtomicU64,
    connections: AtomicU64,
    bytes: AtomicU64,
}

/// Serves until the process that started this one ends, or ends it.
pub(crate) fn serve(latency: Duration) -> Result<(), BoxError> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let counters = Arc::new(Counters::default());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(connection(stream, latency, Arc::clone(&counters)));
        }
    })
}

async fn connection(
    mut stream: TcpStream,
    latency: Duration,
    counters: Arc<Counters>,
) -> std::io::Result<()> {
    let mut received = Vec::with_capacity(4096);
    let mut first = true;
    loop {
        let (head, whole) = loop {
            match lengths(&received) {
                Some((head, whole)) if received.len() >= whole => break (head, whole),
                _ if stream.read_buf(&mut received).await? == 0 => return Ok(()),
                _ => {}
            }
        };
        let request = received.get(..whole).unwrap_or_default();
        if request.starts_with(b"GET /seen") {
            let [requests, connections, bytes] =
                [&counters.requests, &counters.connections, &counters.bytes]
                    .map(|counter| counter.load(Ordering::Relaxed));
            let body = format!("{requests} {connections} {bytes}");
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            return stream.write_all(answer.as_bytes()).await;
        }
        let number = counters.requests.fetch_add(1, Ordering::Relaxed);
        counters.connections.fetch_add(u64::from(std::mem::take(&mut first)), Ordering::Relaxed);
        counters.bytes.fetch_add(u64::try_from(whole).unwrap_or_default(), Ordering::Relaxed);
        let answer = match request.starts_with(b"POST /scim/v2/") {
            true => created(number, request.get(head..).unwrap_or_default()),
            false => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        };
        received.drain(..whole);
        if latency > Duration::ZERO {
            tokio::time::sleep(latency).await;
        }
        stream.write_all(&answer).await?;
    }
}

/// How long the head of a request is, and the whole of it; none while its head is not all there.
fn lengths(received: &[u8]) -> Option<(usize, usize)> {
    let head = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(received.get(..head)?).ok()?;
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    let length = fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.trim().parse::<usize>().ok());
    Some((head, head + length.unwrap_or(0)))
}

/// 201 with what came, an id and a version.
fn created(number: u64, body: &[u8]) -> Vec<u8> {
    let made = format!(
        r#"{{"id":"2819c223-7f76-453a-919d-{number:012x}","meta":{{"resourceType":"User","version":"W/\"1\""}},"#
    );
    let rest = body.strip_prefix(b"{").unwrap_or_default();
    let length = made.len() + rest.len();
    let mut answer = format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/scim+json\r\ncontent-length: {length}\r\n\r\n{made}"
    )
    .into_bytes();
    answer.extend_from_slice(rest);
    answer
}
