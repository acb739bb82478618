//! The stand-in alone, on port 12111 or the one given, with the strings under `/sim/`: to look at its pages, or to try
//! a client of Stripe's against it. `cargo run -p tandem-processor-sim --example stand -- 12111`

use std::net::SocketAddr;

use tandem_processor_sim::{Options, Sim};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(12_111), |port| port.parse())?;
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let sim = Sim::start(Options { listen, http_control: true, ..Options::default() }).await?;
    println!("API {}/v1/, script {}, keys sk_test_tandem and pk_test_tandem", sim.base(), sim.script());
    std::future::pending().await
}
