//! The real thing: Chromium calls, speaks a tone of 600 Hz, presses a key, and tells what it hears.
//! `cargo test -p tandem-media --test browsers -- --ignored chromium --nocapture`

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use tandem_media::{Browser, Clip, Codec, Config, Description, Digit, DigitSource, Engine, Event, Hears, LegId, Local};

const LEG: LegId = LegId(1);
const PAGE: &str = r#"<!doctype html><audio id=a autoplay muted></audio><script>
const say = text => fetch('/result', { method: 'POST', body: text });
(async () => {
  const context = new AudioContext({ sampleRate: 48000 });
  const tone = context.createOscillator(), out = context.createMediaStreamDestination();
  tone.frequency.value = 600; tone.connect(out); tone.start();
  const pc = new RTCPeerConnection();
  const sender = pc.addTrack(out.stream.getAudioTracks()[0], out.stream);
  const heard = new Promise(done => pc.ontrack = event => done(new MediaStream([event.track])));
  await pc.setLocalDescription(await pc.createOffer());
  await new Promise(done => { pc.onicegatheringstatechange = () => pc.iceGatheringState == 'complete' && done(); setTimeout(done, 2000); });
  const answer = await (await fetch('/offer', { method: 'POST', body: pc.localDescription.sdp })).text();
  await pc.setRemoteDescription({ type: 'answer', sdp: answer });
  const stream = await heard;
  a.srcObject = stream;
  const analyser = context.createAnalyser(); analyser.fftSize = 8192;
  context.createMediaStreamSource(stream).connect(analyser);
  await new Promise(done => setTimeout(done, 2500));
  const bins = new Float32Array(analyser.frequencyBinCount); analyser.getFloatFrequencyData(bins);
  let peak = 0; bins.forEach((level, n) => { if (level > bins[peak]) peak = n; });
  if (sender.dtmf) sender.dtmf.insertDTMF('5', 100);
  await new Promise(done => setTimeout(done, 700));
  const stats = {}; (await pc.getStats()).forEach(s => { if (s.type == 'inbound-rtp') stats.in = s; if (s.type == 'remote-inbound-rtp') stats.remote = s; });
  const i = stats.in || {};
  await say(`${Math.round(peak * 48000 / 8192)} Hz ${pc.connectionState} packets ${i.packetsReceived} lost ${i.packetsLost} concealed ${i.concealedSamples - i.silentConcealedSamples} of ${i.totalSamplesReceived} inserted ${i.insertedSamplesForDeceleration} removed ${i.removedSamplesForAcceleration}`);
})().catch(error => say('error ' + error));
</script>"#;

struct Chromium(Child, #[expect(dead_code, reason = "its folder is removed after it")] tempfile::TempDir);

impl Chromium {
    fn open(address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"])
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg(format!("http://{address}/"))
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium is installed");
        Self(child, folder)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn after<'a>(sdp: &'a str, start: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| line.strip_prefix(start))
}

fn describe(offer: &str, codec: Codec, number: u8) -> Description {
    let word = |start| after(offer, start).unwrap().to_owned();
    let browser = Browser {
        ufrag: word("a=ice-ufrag:"),
        pwd: word("a=ice-pwd:"),
        fingerprint: word("a=fingerprint:"),
        active: true,
        candidates: Vec::new(),
        ssrc: after(offer, "a=ssrc:").and_then(|rest| rest.split(' ').next()?.parse().ok()),
        mid: word("a=mid:"),
    };
    Description {
        codecs: vec![(codec, number)],
        telephone_event: Some(126),
        rtcp_mux: true,
        browser: Some(browser),
        ..Description::new(SocketAddr::from(([0, 0, 0, 0], 9)), codec)
    }
}

fn answer(local: &Local, mid: &str, codec: Codec, number: u8) -> String {
    let Local { address, ufrag, pwd, fingerprint, ssrc, .. } = local;
    let (ip, port, name, clock) = (address.ip(), address.port(), codec.rtp_name(), codec.clock_rate());
    let channels = if codec == Codec::Opus { "/2" } else { "" };
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mid}\r\na=ice-lite\r\na=msid-semantic:WMS *\r\n\
         m=audio {port} UDP/TLS/RTP/SAVPF {number} 126\r\nc=IN IP4 {ip}\r\na=rtcp-mux\r\na=mid:{mid}\r\n\
         a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=fingerprint:{fingerprint}\r\na=setup:passive\r\na=sendrecv\r\n\
         a=rtpmap:{number} {name}/{clock}{channels}\r\na=rtpmap:126 telephone-event/8000\r\n\
         a=candidate:1 1 udp 2130706431 {ip} {port} typ host\r\na=end-of-candidates\r\n\
         a=ssrc:{ssrc} cname:tandem\r\na=ssrc:{ssrc} msid:tandem audio\r\n"
    )
}

fn request(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok().filter(|&length| length > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some((first, String::from_utf8(body).unwrap()))
}

/// What Chromium says in the end, and what happened.
fn call(codec: Codec, number: u8, hears: Hears) -> (String, Vec<Event>, u8) {
    let (sender, events) = mpsc::channel();
    let config = Config {
        ports: 46_000..=46_099,
        browsers: Some(vec![SocketAddr::from(([127, 0, 0, 1], 0))]),
        ..Config::default()
    };
    let engine = Engine::start(config, Box::new(move |event| drop(sender.send(event)))).unwrap();
    let local = engine.open_browser(LEG).unwrap();
    engine.route(vec![(LEG, hears)]);
    let level = engine.level(LEG);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _chromium = Chromium::open(listener.local_addr().unwrap());
    let said = loop {
        let (mut stream, _) = listener.accept().unwrap();
        // Chromium opens connections to spare.
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let Some((first, body)) = request(&stream) else { continue };
        let (kind, reply) = match first.split(' ').nth(1).unwrap() {
            "/" => ("text/html", PAGE.to_owned()),
            "/offer" => {
                let description = describe(&body, codec, number);
                let mid = description.browser.as_ref().unwrap().mid.clone();
                engine.describe(LEG, description);
                ("application/sdp", answer(&local, &mid, codec, number))
            }
            "/result" => break body,
            _ => ("text/plain", String::new()),
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", reply.len());
        stream.write_all(format!("{head}Connection: close\r\n\r\n{reply}").as_bytes()).unwrap();
    };
    engine.close(LEG);
    let mut seen = Vec::new();
    while let Ok(event) = events.recv_timeout(Duration::from_secs(5)) {
        let closed = matches!(event, Event::Closed { .. });
        seen.push(event);
        if closed {
            break;
        }
    }
    (said, seen, level.take())
}

#[test]
#[ignore = "needs chromium"]
fn chromium_hears_itself_and_what_is_made_here() {
    let wave = |n| ((std::f64::consts::TAU * 1_000.0 * f64::from(n) / 8_000.0).sin() * 8_000.0) as i16;
    let clip = Clip::new(&(0..8_000).map(wave).collect::<Vec<i16>>());
    for (codec, number) in [(Codec::Opus, 111), (Codec::Pcmu, 0), (Codec::G722, 9)] {
        for (hears, hertz) in [(Hears::Echo, 600), (Hears::Clip { clip: clip.clone(), repeat: true }, 1_000)] {
            let (said, seen, level) = call(codec, number, hears);
            println!("{codec:?} {hertz}: {said}; level {level}; {seen:?}");
            let heard: i32 = said.split(' ').next().and_then(|hertz| hertz.parse().ok()).expect("it heard something");
            assert!((heard - hertz).abs() <= 6, "{said}");
            let digit = Digit::new('5').unwrap();
            assert!(seen.contains(&Event::Digit { leg: LEG, digit, source: DigitSource::Rfc4733 }));
            assert!(level < 30, "{level}");
        }
    }
}
