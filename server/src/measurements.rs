//! What is measured, in Prometheus' words. Everyone counts through the `metrics` crate; this is where the numbers end up.

use std::sync::{Arc, Mutex, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the latency buckets, in seconds: fine where pages should be (20 ms), coarse above.
const LATENCIES: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Sets gauges whose values are only worth reading when somebody asks.
pub type Gauges = Arc<dyn Fn() + Send + Sync>;

/// The numbers, ready to be told.
#[derive(Clone)]
pub struct Measurements {
    handle: PrometheusHandle,
    gauges: Gauges,
}

impl Measurements {
    /// Collects from now on; a second call shares the first one's numbers, since there is one collector per process.
    ///
    /// # Errors
    /// Another collector was installed.
    pub fn start(gauges: Gauges) -> Result<Self, BuildError> {
        static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
        let mut started = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = match &*started {
            Some(handle) => handle.clone(),
            None => {
                let latency = Matcher::Suffix("_duration_seconds".into());
                let handle =
                    PrometheusBuilder::new().set_buckets_for_metric(latency, &LATENCIES)?.install_recorder()?;
                describe();
                started.insert(handle).clone()
            }
        };
        Ok(Self { handle, gauges })
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        (self.gauges)();
        process::set_gauges();
        self.handle.render()
    }

    /// Folds finished samples together; to be called every few seconds, or memory grows until somebody asks.
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!("http_requests_total", "Requests answered, by method, route and status.");
    describe_histogram!("http_request_duration_seconds", Unit::Seconds, "Time to the answer, by method and route.");
    describe_counter!("panics_total", "Handlers that panicked; each is a fault of ours.");
    describe_counter!("tandem_sign_ins_total", "Attempts to sign in, by outcome.");
    describe_gauge!("tandem_calls", "Calls that go on.");
    describe_gauge!("tandem_legs", "Phones in calls, those included whose last response has not come.");
    describe_gauge!("tandem_registrations", "Phones that are registered.");
    describe_gauge!("tandem_trunk_registered", "1 while the exchange is registered at its trunk.");
    describe_gauge!("tandem_sip_transactions", "SIP transactions that are kept.");
    describe_gauge!("tandem_sip_connections", "Connections of phones over TCP and TLS.");
    describe_gauge!("tandem_rtp_ports_used", "Pairs of ports in use for sound.");
    describe_counter!("tandem_calls_total", "Calls that ended, by cause.");
    describe_counter!("tandem_rtp_received_packets_total", "RTP packets that came from the phones of calls.");
    describe_counter!("tandem_rtp_sent_packets_total", "RTP packets sent.");
    describe_counter!("tandem_rtp_ignored_packets_total", "Packets that were nobody's media.");
    describe_counter!("tandem_sip_dropped_datagrams_total", "SIP datagrams dropped since the exchange was behind.");
    describe_counter!("tandem_sip_log_dropped_total", "Lines of the signalling log that were dropped.");
    describe_gauge!("tandem_records_waiting", "Records of calls, phones and signalling that wait to be written.");
    describe_counter!("tandem_records_refused_total", "Records that the database refused; the log has them, whole.");
    describe_gauge!("tandem_ledger_problems", "What is wrong with the books, as of the last check; 0 is right.");
    describe_gauge!("database_connections", "Connections to the database, by state.");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory in use.");
    describe_gauge!("process_open_fds", "Open files and sockets.");
    describe_gauge!("process_threads", "Threads.");
}

/// The process as Linux sees it; on other systems these gauges are missing.
mod process {
    pub fn set_gauges() {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u32>().ok()
        };
        if let Some(kibibytes) = field("VmRSS:") {
            metrics::gauge!("process_resident_memory_bytes").set(f64::from(kibibytes) * 1024.0);
        }
        if let Some(threads) = field("Threads:") {
            metrics::gauge!("process_threads").set(f64::from(threads));
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            metrics::gauge!("process_open_fds").set(u32::try_from(files.count()).map_or(f64::MAX, f64::from));
        }
    }
}
