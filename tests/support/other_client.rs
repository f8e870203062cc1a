//! Reads a SCIM server by another HTTP client than ours, so that a test does not believe its own word.

use std::error::Error;

use http::{Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// All resources of a collection, page by page.
pub(crate) async fn list(
    base: &str,
    token: &str,
    collection: &str,
) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
    let mut resources: Vec<Value> = Vec::new();
    loop {
        let url = format!("{base}/{collection}?startIndex={}&count=50", resources.len() + 1);
        let page = get(&url.parse()?, token).await?;
        let total = page.get("totalResults").and_then(Value::as_u64).ok_or("no totalResults")?;
        let some = page.get("Resources").and_then(Value::as_array).cloned().unwrap_or_default();
        let empty = some.is_empty();
        resources.extend(some);
        if u64::try_from(resources.len())? >= total || empty {
            return Ok(resources);
        }
    }
}

async fn get(uri: &Uri, token: &str) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let authority = uri.authority().ok_or("no host in the address")?;
    let stream = TcpStream::connect(authority.as_str()).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(uri.path_and_query().ok_or("no path in the address")?.as_str())
        .header("host", authority.as_str())
        .header("authorization", format!("Bearer {token}"))
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    if !status.is_success() {
        return Err(format!("{uri} answered {status}").into());
    }
    Ok(serde_json::from_slice(&body)?)
}
