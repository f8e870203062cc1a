//! Loopback servers that say exactly the given bytes, and remember what they heard.
#![allow(dead_code, reason = "every user takes only its part")]

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use outbound_provisioning::transport::Dns;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};

/// A server that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    memory: Memory,
    server: AbortHandle,
}

#[derive(Clone, Debug, Default)]
struct Memory {
    dials: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    handshakes: Arc<Mutex<Vec<Handshake>>>,
}

/// What a server knows of a client after the handshake.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    pub(crate) resumed: bool,
    pub(crate) protocol: Option<Vec<u8>>,
    pub(crate) certificates: usize,
    pub(crate) server_name: Option<String>,
}

pub(crate) trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}

/// One connection, from the server's side.
pub(crate) struct Conversation {
    pub(crate) stream: Box<dyn Pipe>,
    memory: Memory,
}

impl Wire {
    /// Answers each request with these bytes, and keeps the connection.
    pub(crate) async fn says(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::serve(move |mut conversation| {
            let answer = answer.clone();
            async move {
                while conversation.request().await.is_some() && conversation.say(&answer).await {}
            }
        })
        .await
    }

    /// Answers one request of each connection with these bytes, and closes it.
    pub(crate) async fn says_once(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::serve(move |mut conversation| {
            let answer = answer.clone();
            async move {
                if conversation.request().await.is_some() {
                    conversation.say(&answer).await;
                }
            }
        })
        .await
    }

    pub(crate) async fn serve<F, Fut>(behave: F) -> Self
    where
        F: Fn(Conversation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::serve_at("127.0.0.1:0", None, behave).await
    }

    /// The same behind TLS. After a handshake that fails, the client's words are read to their end, lest a reset
    /// overtakes the reason.
    pub(crate) async fn serve_secure<F, Fut>(config: ServerConfig, behave: F) -> Self
    where
        F: Fn(Conversation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::serve_at("127.0.0.1:0", Some(config), behave).await
    }

    /// [`says`](Self::says), behind TLS.
    pub(crate) async fn says_secure(config: ServerConfig, answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::serve_secure(config, move |mut conversation| {
            let answer = answer.clone();
            async move {
                while conversation.request().await.is_some() && conversation.say(&answer).await {}
            }
        })
        .await
    }

    #[expect(clippy::unwrap_used, reason = "a test without its server fails")]
    pub(crate) async fn serve_at<F, Fut>(
        place: impl ToSocketAddrs,
        config: Option<ServerConfig>,
        behave: F,
    ) -> Self
    where
        F: Fn(Conversation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(place).await.unwrap();
        let address = listener.local_addr().unwrap();
        let memory = Memory::default();
        let acceptor = config.map(|config| TlsAcceptor::from(Arc::new(config)));
        let (remember, behave) = (memory.clone(), Arc::new(behave));
        let server = tokio::spawn(async move {
            // Dropped with the task, and all connections with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                remember.dials.fetch_add(1, Ordering::SeqCst);
                let (memory, behave) = (remember.clone(), Arc::clone(&behave));
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let stream: Box<dyn Pipe> = match acceptor {
                        None => Box::new(stream),
                        Some(acceptor) => match secure(&acceptor, stream, &memory).await {
                            Some(stream) => stream,
                            None => return,
                        },
                    };
                    behave(Conversation { stream, memory }).await;
                });
            }
        });
        Self { address, memory, server: server.abort_handle() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// By plain http, with a path behind it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// By https, under a name.
    pub(crate) fn secure_url(&self, name: &str) -> String {
        format!("https://{name}:{}/", self.address.port())
    }

    /// How many connections were opened.
    pub(crate) fn dials(&self) -> usize {
        self.memory.dials.load(Ordering::SeqCst)
    }

    /// The requests, as they were written.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) fn requests(&self) -> Vec<String> {
        self.memory.requests.lock().unwrap().clone()
    }

    /// The handshakes that succeeded.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) fn handshakes(&self) -> Vec<Handshake> {
        self.memory.handshakes.lock().unwrap().clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
async fn secure(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    memory: &Memory,
) -> Option<Box<dyn Pipe>> {
    match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => {
            let (_, session) = stream.get_ref();
            memory.handshakes.lock().unwrap().push(Handshake {
                resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
                protocol: session.alpn_protocol().map(<[u8]>::to_vec),
                certificates: session.peer_certificates().map_or(0, <[_]>::len),
                server_name: session.server_name().map(str::to_owned),
            });
            Some(Box::new(stream))
        }
        Err((_, mut stream)) => {
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            None
        }
    }
}

impl Conversation {
    /// The next request, body included. None when the client has gone.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) async fn request(&mut self) -> Option<String> {
        let mut read = Vec::new();
        loop {
            read.push(self.stream.read_u8().await.ok()?);
            if read.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        let head = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        if let Some(length) = length.and_then(|digits| digits.parse().ok()) {
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.ok()?;
            read.append(&mut body);
        }
        let request = String::from_utf8_lossy(&read).into_owned();
        self.memory.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// False when the client has gone.
    pub(crate) async fn say(&mut self, words: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(words.as_ref()).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Reads until the client goes.
    pub(crate) async fn wait_for_the_end(&mut self) {
        let _ = tokio::io::copy(&mut self.stream, &mut tokio::io::sink()).await;
    }
}

/// A look-up that answers all names alike, or each time differently, and remembers who was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScriptedDns {
    answers: Arc<Mutex<Vec<Vec<IpAddr>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ScriptedDns {
    /// These answers in turn, over and over.
    pub(crate) fn answering(answers: impl Into<Vec<Vec<IpAddr>>>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into())), asked: Arc::default() }
    }

    /// Every name is here.
    pub(crate) fn loopback() -> Self {
        Self::answering([vec![IpAddr::from([127, 0, 0, 1])]])
    }

    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Dns for ScriptedDns {
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(name.to_owned());
        let answers = self.answers.lock().unwrap();
        let answer = answers.get((asked.len() - 1) % answers.len().max(1)).cloned();
        answer.ok_or_else(|| std::io::Error::other("no such name"))
    }
}
