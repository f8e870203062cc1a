//! A listener on a free loopback port in front of a pure request → response function.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

/// A server that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Loopback {
    address: SocketAddr,
    server: AbortHandle,
}

impl Loopback {
    /// Serves the function until dropped.
    pub(crate) async fn serve<F>(answer: F) -> std::io::Result<Self>
    where
        F: Fn(&Request<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let answer = Arc::new(answer);
        let server = tokio::spawn(async move {
            // Dropped with the task, and all connections with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                connections.spawn(async move {
                    let service = service_fn(move |request| one(Arc::clone(&answer), request));
                    // A client that goes away in mid-request is no concern of the server's.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { address, server: server.abort_handle() })
    }

    /// Where it listens, with a path behind it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn one<F>(
    answer: Arc<F>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    F: Fn(&Request<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync,
{
    let (head, body) = request.into_parts();
    let response = match body.collect().await {
        Ok(body) => answer(&Request::from_parts(head, body.to_bytes().to_vec())),
        Err(_) => {
            let mut refused = Response::new(Vec::new());
            *refused.status_mut() = http::StatusCode::BAD_REQUEST;
            refused
        }
    };
    Ok(response.map(|body| Full::new(Bytes::from(body))))
}
