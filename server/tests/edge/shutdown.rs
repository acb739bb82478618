//! The socket's end: nobody is cut off who could be answered in time.

use std::{net::SocketAddr, time::Duration};

use tandem_server::http::listen::{self, End, Limits};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::world::server;

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    end: JoinHandle<End>,
}

async fn start(grace: Duration) -> Running {
    start_with(Limits { connections: 10, grace }).await
}

async fn start_with(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let end = tokio::spawn(listen::serve(listener, server(""), stopped, limits));
    Running { address, stop, end }
}

/// Sends a request and gives the connection, on which the answer will come.
async fn send(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: pbx\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

async fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_no_new_one_is_taken() {
    let running = start(Duration::from_secs(10)).await;
    let slow = send(running.address, "/slow").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send(true).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    assert!(TcpStream::connect(running.address).await.is_err(), "a connection was accepted after the end had begun");
    assert!(read_all(slow).await.starts_with("HTTP/1.1 200"));
    assert_eq!(running.end.await.unwrap(), End::Complete);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_end_up() {
    ends_with_an_idle_connection(start(Duration::from_secs(10)).await).await;
}

/// Ends long before its time is over although somebody keeps a connection.
async fn ends_with_an_idle_connection(running: Running) {
    let idle = send(running.address, "/healthz").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send(true).unwrap();
    let end = tokio::time::timeout(Duration::from_secs(2), running.end).await;
    assert_eq!(end.unwrap().unwrap(), End::Complete);
    drop(idle);
}

#[tokio::test]
async fn when_the_time_is_over_the_rest_is_cut() {
    let running = start(Duration::from_millis(50)).await;
    let slow = send(running.address, "/slow").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send(true).unwrap();
    assert_eq!(running.end.await.unwrap(), End::Cut(1));
    drop(slow);
}

#[tokio::test]
async fn who_comes_when_all_connections_are_taken_is_served_when_one_ends() {
    let running = start_with(Limits { connections: 2, grace: Duration::ZERO }).await;
    let first = send(running.address, "/healthz").await;
    let second = send(running.address, "/healthz").await;
    let mut third = send(running.address, "/healthz").await;
    let mut byte = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(300), third.read(&mut byte)).await;
    assert!(early.is_err(), "a third connection was served beside two");
    drop(first);
    let served = tokio::time::timeout(Duration::from_secs(5), third.read(&mut byte)).await;
    assert_eq!(served.unwrap().unwrap(), 1);
    drop(second);
}

#[tokio::test]
async fn the_end_does_not_wait_for_a_free_connection() {
    let limits = Limits { connections: 1, grace: Duration::from_secs(10) };
    ends_with_an_idle_connection(start_with(limits).await).await;
}
