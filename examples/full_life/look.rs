//! Reads a server by another client than ours, so that nobody believes his own word: plain GETs, page by page.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use outbound_provisioning::transport::{HttpClient, NetworkPolicy, ReqwestClient};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::flat::{field, known_attributes, text};
use crate::groups::members;
use crate::judge::Shown;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A list that takes more pages than this never ends.
const MOST_PAGES: usize = 2_000;
const DEADLINE: Duration = Duration::from_secs(60);

/// The other client.
#[derive(Debug)]
pub(crate) struct Looker {
    base: String,
    authorization: Option<String>,
}

/// How a server turns pages.
#[derive(Clone, Copy)]
enum Paging {
    Index,
    Cursor,
    None,
}

impl Looker {
    pub(crate) fn new(base: &str, authorization: Option<String>) -> Self {
        Self { base: base.to_owned(), authorization }
    }

    /// Everything that the server shows.
    pub(crate) async fn look(&self) -> Result<Shown> {
        let users = self.collection("Users").await?.ok_or("the server has no users at all")?;
        let mut groups = self.collection("Groups").await?;
        if let Some(groups) = &mut groups
            && groups.iter().all(|group| members(group).is_empty())
        {
            // A list may leave members out that the group itself shows.
            for group in groups {
                if let Some(id) = field(group, "id").and_then(text)
                    && let Ok(Some(whole)) = self.get(&format!("/Groups/{}", encoded(&id))).await
                {
                    *group = whole;
                }
            }
        }
        Ok(Shown { users, groups, schema: self.schema().await })
    }

    /// All resources of a collection; none where there is no such collection.
    async fn collection(&self, name: &str) -> Result<Option<Vec<Value>>> {
        for name in [name.to_owned(), name.to_lowercase()] {
            for paging in [Paging::Index, Paging::Cursor, Paging::None] {
                if let Some(resources) = self.pages(&name, paging).await? {
                    return Ok(Some(resources));
                }
            }
        }
        Ok(None)
    }

    async fn pages(&self, name: &str, paging: Paging) -> Result<Option<Vec<Value>>> {
        let (mut resources, mut seen) = (Vec::new(), BTreeSet::new());
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let path = match paging {
                Paging::Index => {
                    format!("/{name}?startIndex={}&count=100", resources.len() + 1)
                }
                Paging::Cursor => format!("/{name}?cursor={}&count=100", encoded(&cursor)),
                Paging::None => format!("/{name}"),
            };
            let Some(page) = self.get(&path).await? else { return Ok(None) };
            let some = field(&page, "Resources").and_then(Value::as_array);
            let total = field(&page, "totalResults").and_then(text);
            let total = total.and_then(|total| total.parse::<usize>().ok());
            if some.is_none() && total.is_none() {
                return Err(format!("{path} is no list").into());
            }
            let mut news = 0;
            for resource in some.into_iter().flatten() {
                let id = field(resource, "id").and_then(text).ok_or("a resource without id")?;
                // Some servers begin anew behind the last page.
                if seen.insert(id) {
                    news += 1;
                    resources.push(resource.clone());
                }
            }
            cursor = field(&page, "nextCursor").and_then(text).unwrap_or_default();
            let is_last = match paging {
                Paging::Index => total.is_some_and(|total| resources.len() >= total),
                Paging::Cursor => cursor.is_empty(),
                Paging::None => true,
            };
            if news == 0 || is_last {
                return Ok(Some(resources));
            }
        }
        Err(format!("the list of {name} never ends").into())
    }

    /// The attributes of users in the server's own schemas, if it tells.
    async fn schema(&self) -> Option<BTreeSet<String>> {
        known_attributes(&self.get("/Schemas").await.ok()??)
    }

    /// None for what is not there, or not like this.
    async fn get(&self, path: &str) -> Result<Option<Value>> {
        let uri: Uri = format!("{}{path}", self.base).parse()?;
        for _ in 0..20 {
            let (status, pause, body) = tokio::time::timeout(DEADLINE, self.fetch(&uri)).await??;
            match status {
                StatusCode::TOO_MANY_REQUESTS => tokio::time::sleep(pause).await,
                status if status.is_success() => return Ok(Some(serde_json::from_slice(&body)?)),
                StatusCode::UNAUTHORIZED => return Err("the server does not take the token".into()),
                status if status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED => {
                    return Ok(None);
                }
                status => return Err(format!("GET {} answered {status}", uri.path()).into()),
            }
        }
        Err(format!("GET {} is always too much", uri.path()).into())
    }

    async fn fetch(&self, uri: &Uri) -> Result<(StatusCode, Duration, Vec<u8>)> {
        let mut request = Request::get(uri)
            .header("accept", "application/scim+json, application/json")
            .header("user-agent", "full-life-looker/1");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let response = if uri.scheme_str() == Some("https") {
            let policy = NetworkPolicy::new().allow_loopback();
            ReqwestClient::new(policy)?.send(request.body(Vec::new())?).await?
        } else {
            plain(uri, request.body(Empty::new())?).await?
        };
        let pause = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let pause = Duration::from_secs(pause.and_then(|pause| pause.parse().ok()).unwrap_or(1));
        Ok((response.status(), pause, response.into_body()))
    }
}

async fn plain(uri: &Uri, mut request: Request<Empty<Bytes>>) -> Result<http::Response<Vec<u8>>> {
    let authority = uri.authority().ok_or("no host in the address")?;
    let address = match authority.port_u16() {
        Some(_) => authority.as_str().to_owned(),
        None => format!("{authority}:80"),
    };
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    request.headers_mut().insert("host", authority.as_str().parse()?);
    *request.uri_mut() = uri.path_and_query().ok_or("no path in the address")?.as_str().parse()?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes().to_vec();
    connection.abort();
    Ok(http::Response::from_parts(head, body))
}

/// As one segment of a path, or one value of a query.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
