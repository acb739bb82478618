//! A double of Stripe that answers as it is scripted, also by saying nothing or by hanging up, and remembers what it
//! was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tandem_billing::{
    credentials::StripeCredentials,
    processor::NewIntent,
    stripe::{Stripe, StripeOptions, http_client},
};
use tandem_domain::{
    ids::{PaymentId, Timestamp},
    locale::Currency,
    money::Money,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

/// 2026-11-24T15:05:00Z.
pub const NOW: Timestamp = Timestamp(1_795_532_700_000);
pub const SECRET_KEY: &str = "sk_test_51SecretThatNobodySees";

/// What the double does with a request.
pub enum Reply {
    /// Answers.
    Say(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Takes the request and says nothing.
    Hang,
    /// Takes the request and hangs up.
    HangUp,
}

pub fn say(status: u16, json: Value) -> Reply {
    Reply::Say(status, vec![("request-id", "req_1".to_owned())], json.to_string().into_bytes())
}

pub fn say_with(status: u16, header: &'static str, value: &str, json: Value) -> Reply {
    Reply::Say(status, vec![("request-id", "req_1".to_owned()), (header, value.to_owned())], json.to_string().into())
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone, Default)]
pub struct Double {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// A double that gives these answers, in this order, and Stripe as we have it in front of it.
    pub async fn with(replies: impl IntoIterator<Item = Reply>) -> (Self, Stripe) {
        let double = Self::default();
        double.replies.lock().unwrap().extend(replies);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = StripeOptions {
            patience: Duration::from_millis(400),
            pause: Duration::from_millis(1),
            ..StripeOptions::at(format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap())
        };
        let served = double.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().serve(stream));
            }
        });
        let credentials = StripeCredentials { secret_key: SECRET_KEY.into(), signing_secrets: vec!["whsec_1".into()] };
        let stripe = Stripe::new(&options, &http_client().unwrap(), credentials, true, Arc::new(|| NOW)).unwrap();
        (double, stripe)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut octets = Vec::new();
        while let Some(asked) = read(&mut stream, &mut octets).await {
            self.asked.lock().unwrap().push(asked);
            let reply = self.replies.lock().unwrap().pop_front().expect("a reply for each request");
            match reply {
                Reply::Say(status, headers, body) => {
                    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
                    for (name, value) in headers {
                        head.push_str(&format!("{name}: {value}\r\n"));
                    }
                    head.push_str("\r\n");
                    // Whoever hung up does not want it.
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(&body).await;
                }
                Reply::Hang => std::future::pending().await,
                Reply::HangUp => return,
            }
        }
    }
}

async fn read(stream: &mut TcpStream, octets: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some(end) = octets.windows(4).position(|some| some == b"\r\n\r\n") {
            let head = String::from_utf8(octets[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length = headers
                .iter()
                .find(|(name, _)| name == "content-length")
                .map_or(0, |(_, value)| value.parse().unwrap());
            if octets.len() >= end + 4 + length {
                let body = String::from_utf8(octets[end + 4..end + 4 + length].to_vec()).unwrap();
                octets.drain(..end + 4 + length);
                return Some(Asked { line, headers, body });
            }
        }
        let mut some = [0; 4096];
        match stream.read(&mut some).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => octets.extend_from_slice(&some[..read]),
        }
    }
}

pub fn payment() -> PaymentId {
    PaymentId(Uuid::from_u128(1))
}

pub fn new_intent() -> NewIntent {
    NewIntent {
        payment: payment(),
        amount: Money::new(12_000, Currency::Eur),
        payer: "cus_1".into(),
        save_method: false,
        off_session: false,
        description: "Invoice INV-000001".into(),
        charge: None,
        anew: false,
    }
}

/// A PaymentIntent of this status.
pub fn intent(status: &str) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "amount": 12000,
        "amount_received": if status == "succeeded" { 12000 } else { 0 }, "currency": "eur",
        "client_secret": "pi_1_secret_1", "metadata": {"payment": payment().to_string()},
        "latest_charge": null, "payment_method": null, "livemode": false, "created": 1_795_532_700,
    })
}

/// An error of this type and code.
pub fn error(kind: &str, code: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": "Words.", "param": "amount"}})
}
