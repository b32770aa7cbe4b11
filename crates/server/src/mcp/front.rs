//! The front of the MCP door: what happens to an HTTP request before and after rmcp. It checks the
//! name and the origin, asks for a Bearer token, reads and limits the body, forgives what bare
//! clients leave out, and sees to it that every answer is JSON.

use std::net::SocketAddr;
use std::sync::Arc;

use aquatint_domain::{Caller, Code, Problem};
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::accept::{Accepts, is_json};
use super::config::McpConfig;
use super::desk::Desk;
use super::envelope::{Envelope, Fault};
use super::express::{self, Express, Order};
use super::gate::Gate;
use super::handler::Visit;
use super::listening;
use super::patient::{self, Asker};
use super::refusal::{self, refuse, rpc, rpc_error};
use super::surface::Selection;
use crate::api::tell_allowance;

/// Query parameters in which tokens are sometimes put; there they end up in logs.
const TOKEN_PARAMETERS: [&str; 7] = [
    "access_token",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "key",
    "authorization",
];

/// Longest text of rmcp's own that is passed on.
const MAX_MESSAGE_BYTES: usize = 1_000;

type Engine = Box<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

/// Everything that one endpoint needs.
pub(super) struct Front {
    pub config: McpConfig,
    pub gate: Gate,
    pub desk: Arc<Desk>,
    /// Places for clients that listen.
    pub listeners: Arc<Semaphore>,
    express: Option<Express>,
    engine: Engine,
}

impl Front {
    pub(super) fn new<H>(config: McpConfig, desk: Arc<Desk>, handler: H) -> Result<Self, Problem>
    where
        H: ServerHandler + Clone + Send + Sync + 'static,
    {
        let gate = Gate::new(&config)?;
        let settings = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(usize::MAX)
            .with_cancellation_token(config.shutdown.clone())
            // The gate has checked both already, with lists that are read once and answers in JSON.
            .disable_allowed_hosts()
            .disable_allowed_origins();
        let service = StreamableHttpService::new(
            move || Ok(handler.clone()),
            Arc::new(NeverSessionManager::default()),
            settings,
        );
        let engine: Engine = Box::new(move |request| {
            let service = service.clone();
            Box::pin(async move { service.handle(request).await.map(Body::new) })
        });
        Ok(Self {
            gate,
            // With the fixtures the list is another one, and the suite is there to test rmcp's side.
            express: (!config.conformance_fixtures).then(|| Express::new(&desk.surface)),
            desk,
            listeners: Arc::new(Semaphore::new(listening::LISTENERS)),
            engine,
            config,
        })
    }
}

/// The one handler of the endpoint, for every method.
pub(super) async fn serve(State(front): State<Arc<Front>>, request: Request) -> Response {
    // The name and the page first: what follows may tell about this server.
    let origin = match front.gate.check(request.uri(), request.headers()) {
        Ok(origin) => origin.and_then(|origin| HeaderValue::from_str(origin).ok()),
        Err(problem) => return refusal::problem(&problem, None),
    };
    let mut response = answer(&front, request, origin.is_some()).await;
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy"),
        );
    }
    response
}

async fn answer(front: &Front, request: Request, from_page: bool) -> Response {
    if request.method() != Method::POST {
        return other_method(request.method(), from_page);
    }
    let (parts, body) = request.into_parts();

    // Who is it?
    if let Some(parameter) = token_parameter(parts.uri.query()) {
        return refuse_query_token(parameter);
    }
    let Some(bearer) = bearer(&parts.headers) else {
        let problem = Problem::new(Code::Unauthorized, "This endpoint needs an API key.")
            .hint("Send `Authorization: Bearer KEY`. Make a key with `aquatint key create NAME`.");
        return refuse(&problem, None, &front.config, false);
    };
    let address = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip().to_string());
    let admission = match front.desk.toolbox.admit(bearer, address).await {
        Ok(admission) => admission,
        Err(problem) => return refuse(&problem, None, &front.config, true),
    };
    let selection = match front.desk.surface.select(parts.uri.query()) {
        Ok(selection) => selection,
        Err(problem) => return refusal::problem(&problem, Some(&admission.caller.request)),
    };

    // What does it say, and what may it be answered with?
    let accepts = Accepts::read(&parts.headers);
    let bare = !parts.headers.contains_key("mcp-protocol-version");
    let envelope = match read(front, &parts.headers, body, bare).await {
        Ok(envelope) => envelope,
        Err(response) => return *response,
    };
    let id = envelope.id.as_deref();
    if !accepts.json {
        let message = "The answer is JSON: send `Accept: application/json, text/event-stream`.";
        return rpc_error(StatusCode::NOT_ACCEPTABLE, id, rpc::INVALID_REQUEST, message);
    }
    if envelope.method.is_none() && bare {
        let message = "A request is a JSON object with `method`.";
        return rpc_error(StatusCode::BAD_REQUEST, id, rpc::INVALID_REQUEST, message);
    }

    // Nearly all the traffic is two requests; when nothing about them is odd they need no more than this.
    let caller = &admission.caller;
    let mut special = express_answer(front, &parts.headers, &envelope, caller, selection, accepts).await;
    if special.is_none() && accepts.stream {
        special = listening::answer(front, &parts.headers, &envelope, caller).await;
    }
    let mut response = match special {
        Some(Ok(response)) => response,
        Some(Err(problem)) => refuse(&problem, Some(&caller.request), &front.config, true),
        None => long_way(front, parts, envelope, caller, selection, accepts).await,
    };
    tell_allowance(response.headers_mut(), admission.allowance);
    response
}

async fn express_answer(
    front: &Front,
    headers: &HeaderMap,
    envelope: &Envelope,
    caller: &Caller,
    selection: Selection,
    accepts: Accepts,
) -> Option<Result<Response, Problem>> {
    let lane = front.express.as_ref()?;
    let id = envelope.id.as_deref()?;
    match express::order(headers, envelope, accepts.stream, front.desk.may_guess)? {
        Order::List(era, audience) => Some(Ok(lane.list(&front.desk.surface, selection, era, audience, id))),
        Order::Call {
            era,
            name,
            arguments,
            progress,
        } => {
            let tool = front.desk.surface.find(&name, selection)?;
            if tool.is_patient {
                let asker = Asker {
                    caller: caller.clone(),
                    era,
                    id: id.to_owned(),
                    streams: accepts.stream,
                    progress: progress.map(str::to_owned),
                };
                return Some(patient::call(front, asker, tool, Value::Object(arguments)).await);
            }
            // Progress of other tools is rmcp's to tell.
            if progress.is_some() {
                return None;
            }
            express::call(&front.desk, caller, selection, era, &name, arguments, id).await
        }
    }
}

/// Hands a request to rmcp, in the form that it insists on.
async fn long_way(
    front: &Front,
    mut parts: Parts,
    envelope: Envelope,
    caller: &Caller,
    selection: Selection,
    accepts: Accepts,
) -> Response {
    let headers = &mut parts.headers;
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static("application/json, text/event-stream"),
    );
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::COOKIE);
    headers.remove(header::AUTHORIZATION);
    let visit = Visit::new(caller.clone(), selection, accepts.stream);
    parts.extensions.insert(visit.clone());
    let id = envelope.id.clone();
    let body = Body::from(envelope.into_body());
    let response = (front.engine)(Request::from_parts(parts, body)).await;
    match visit.refused.get() {
        // A missing scope is an answer of HTTP, whatever the handler made of it.
        Some(problem) => refuse(problem, Some(&caller.request), &front.config, true),
        None => mend(response, id.as_deref()).await,
    }
}

fn other_method(method: &Method, from_page: bool) -> Response {
    if method == Method::OPTIONS && from_page {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(
                "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, \
                 Last-Event-ID",
            ),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        return response;
    }
    let message = "This is an MCP endpoint: it takes POST only, and keeps no sessions or streams to resume or end.";
    let problem = Problem::new(Code::MalformedRequest, message);
    let mut response = refusal::problem(&problem, None);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

/// The token of the Authorization header, if it is one Bearer token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn token_parameter(query: Option<&str>) -> Option<&'static str> {
    let query = query?;
    let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.find_map(|name| {
        TOKEN_PARAMETERS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(name))
    })
}

fn refuse_query_token(parameter: &str) -> Response {
    let problem = Problem::new(
        Code::MalformedRequest,
        format!("A token in the address (`{parameter}=`) is refused, because addresses end up in logs."),
    )
    .hint("Send it as `Authorization: Bearer KEY`, and replace the key that was sent this way.");
    let mut response = refusal::problem(&problem, None);
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_request\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// Reads the body within its limits, and its outer shape.
async fn read(front: &Front, headers: &HeaderMap, body: Body, bare: bool) -> Result<Envelope, Box<Response>> {
    let refuse = |status, code, message: &str| Err(Box::new(rpc_error(status, None, code, message)));
    if !bare && !is_json(headers) {
        let message = "Send `Content-Type: application/json`.";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, rpc::INVALID_REQUEST, message);
    }
    let limit = front.config.max_body_bytes;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let collected = match announced {
        Some(length) if length > limit => Ok(Err(TooLarge)),
        _ => tokio::time::timeout(front.config.body_timeout, collect(body, limit, announced.unwrap_or(0))).await,
    };
    match collected {
        Err(_) => refuse(
            StatusCode::REQUEST_TIMEOUT,
            rpc::INVALID_REQUEST,
            "The body came too slowly.",
        ),
        Ok(Err(TooLarge)) => {
            let message = format!(
                "The request is larger than {limit} bytes. Bring large files in through `upload` instead of data URIs."
            );
            refuse(StatusCode::PAYLOAD_TOO_LARGE, rpc::INVALID_REQUEST, &message)
        }
        Ok(Ok(body)) => match Envelope::read(body, bare) {
            Ok(envelope) => Ok(envelope),
            Err(Fault::NotJson(message)) => refuse(StatusCode::BAD_REQUEST, rpc::PARSE_ERROR, &message),
            Err(Fault::NotARequest(message)) => refuse(StatusCode::BAD_REQUEST, rpc::INVALID_REQUEST, message),
        },
    }
}

struct TooLarge;

async fn collect(body: Body, limit: usize, expected: usize) -> Result<Bytes, TooLarge> {
    let mut stream = body.into_data_stream();
    let mut whole: Option<Bytes> = None;
    let mut collected = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        // A broken connection leaves half a body, which is then no JSON.
        let Ok(chunk) = chunk else { break };
        if chunk.len() > limit.saturating_sub(collected.len() + whole.as_ref().map_or(0, Bytes::len)) {
            return Err(TooLarge);
        }
        // Small requests come in one piece; that piece is the body.
        match whole.take() {
            None if collected.is_empty() => whole = Some(chunk),
            first => {
                collected.reserve(expected.saturating_sub(collected.len()));
                collected.extend_from_slice(first.as_deref().unwrap_or_default());
                collected.extend_from_slice(&chunk);
            }
        }
    }
    Ok(whole.unwrap_or_else(|| collected.freeze()))
}

/// Turns rmcp's plain-text refusals into JSON-RPC errors.
async fn mend(response: Response, id: Option<&str>) -> Response {
    let status = response.status();
    let is_plain = !response.headers().contains_key(header::CONTENT_TYPE)
        || response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !is_plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    if status.is_server_error() {
        return rpc_error(
            status,
            id,
            rpc::INTERNAL_ERROR,
            "The server could not answer this request.",
        );
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        // The front has checked the content type; for rmcp this is JSON that is not a request.
        let message = "Not a JSON-RPC 2.0 request: it needs `jsonrpc`, a string or whole number as `id`, and `method`.";
        return rpc_error(StatusCode::BAD_REQUEST, id, rpc::INVALID_REQUEST, message);
    }
    let text = axum::body::to_bytes(response.into_body(), MAX_MESSAGE_BYTES)
        .await
        .unwrap_or_default();
    rpc_error(status, id, rpc::INVALID_REQUEST, &String::from_utf8_lossy(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_one_header_of_that_scheme() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().expect("a header value"));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(read(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(read(&["bearer   abc "]).as_deref(), Some("abc"));
        for values in [
            &[][..],
            &["Basic abc"],
            &["Bearer"],
            &["Bearer "],
            &["abc"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(read(values), None, "{values:?}");
        }
    }

    #[test]
    fn tokens_in_the_address_are_seen_in_any_case() {
        assert_eq!(token_parameter(Some("tools=edit&API_KEY=x")), Some("api_key"));
        assert_eq!(token_parameter(Some("tools=key")), None);
        assert_eq!(token_parameter(None), None);
    }

    #[tokio::test]
    async fn bodies_are_collected_up_to_the_limit() {
        let stream = |parts: &'static [&'static str]| {
            Body::from_stream(futures::stream::iter(
                parts.iter().map(|part| Ok::<_, std::io::Error>(Bytes::from(*part))),
            ))
        };
        assert_eq!(
            collect(stream(&["ab", "cd", "e"]), 5, 0).await.ok().as_deref(),
            Some(&b"abcde"[..])
        );
        assert!(collect(stream(&["ab", "cd", "e"]), 4, 0).await.is_err());
        assert_eq!(collect(stream(&[]), 4, 0).await.ok().as_deref(), Some(&b""[..]));
    }
}
