//! A merchant's server, as small as it can be, and an endpoint for webhooks.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tandem_processor_sim::{Control, Options, Sim, Webhook};

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The object of an answer that must be good.
    pub fn good(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The error of an answer that must be one: its status, its type and its code.
    pub fn error(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("type"), text("code"))
    }
}

/// A merchant and its Stripe.
pub struct Merchant {
    pub sim: Sim,
    pub control: Control,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Merchant {
    pub async fn new() -> Self {
        Self::with(Options { seed: Some(7), ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let sim = Sim::start(options).await.unwrap();
        let control = sim.control();
        Self { sim, control, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Any request; `Err` if the connection ended without an answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, hyper_util::client::legacy::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.sim.base()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Full::new(Bytes::from(body))).unwrap()).await?;
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, text })
    }

    pub async fn post_as(&self, key: &str, path: &str, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("authorization", &*bearer), ("content-type", "application/x-www-form-urlencoded")];
        headers.extend_from_slice(more);
        self.send(Method::POST, path, &headers, form(fields)).await.unwrap()
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as("sk_test_tandem", path, fields, &[]).await
    }

    pub async fn post_once(&self, key: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as("sk_test_tandem", path, fields, &[("idempotency-key", key)]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("authorization", "Bearer sk_test_tandem")], String::new()).await.unwrap()
    }

    pub async fn browser_get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await.unwrap()
    }

    pub async fn customer(&self) -> String {
        id(&self.post("/v1/customers", &[("name", "ABC"), ("email", "mary@abc.example")]).await.good())
    }

    /// A payment of EUR 120.00, not confirmed.
    pub async fn intent(&self, more: &[(&str, &str)]) -> Value {
        let mut fields = vec![("amount", "12000"), ("currency", "eur"), ("metadata[payment]", "p1")];
        fields.extend_from_slice(more);
        self.post("/v1/payment_intents", &fields).await.good()
    }

    /// The same, confirmed at once: whatever comes of it.
    pub async fn pay(&self, method: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("amount", "12000"),
            ("currency", "eur"),
            ("metadata[payment]", "p1"),
            ("confirm", "true"),
            ("payment_method", method),
            ("return_url", "https://tandem.example/self-care/payments/return?p=1"),
        ];
        fields.extend_from_slice(more);
        self.post("/v1/payment_intents", &fields).await
    }

    /// Goes to the bank's page of an intent and answers.
    pub async fn bank(&self, intent: &Value, fields: &[(&str, &str)]) -> Answer {
        let url = intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
        let path = url.strip_prefix(self.sim.base()).unwrap();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send(Method::POST, path, &[kind], form(fields)).await.unwrap()
    }

    /// The intent as it is now.
    pub async fn now(&self, intent: &Value) -> Value {
        let list = if intent["object"] == "setup_intent" { "setup_intents" } else { "payment_intents" };
        self.get(&format!("/v1/{list}/{}", id(intent))).await.good()
    }
}

pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no id: {object}")).to_owned()
}

/// One webhook as it came: the signature and the body.
pub type Came = (String, String);

/// An endpoint that writes down what comes, and answers as it is told.
#[derive(Clone)]
pub struct Endpoint {
    came: Arc<Mutex<Vec<Came>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Endpoint {
    /// Listens. The first webhooks are answered with these statuses, all others with 200.
    pub async fn new(answers: &[u16]) -> (Self, Webhook) {
        let endpoint =
            Self { came: Arc::default(), answers: Arc::new(Mutex::new(answers.iter().rev().copied().collect())) };
        let router = Router::new().route("/hook", post(hook)).with_state(endpoint.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (endpoint, Webhook { url, secrets: vec!["whsec_test".to_owned()] })
    }

    pub fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    pub fn types(&self) -> Vec<String> {
        let kind = |(_, body): &Came| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned();
        self.came().iter().map(kind).collect()
    }

    /// Waits until so many came. Panics after ten seconds.
    pub async fn wait(&self, count: usize) {
        let enough = async {
            while self.came.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let done = tokio::time::timeout(Duration::from_secs(10), enough).await;
        assert!(done.is_ok(), "{count} webhooks were expected, there came {:?}", self.types());
    }
}

async fn hook(State(endpoint): State<Endpoint>, headers: HeaderMap, body: String) -> http::StatusCode {
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    endpoint.came.lock().unwrap().push((signature, body));
    let status = endpoint.answers.lock().unwrap().pop().unwrap_or(200);
    http::StatusCode::from_u16(status).unwrap()
}
