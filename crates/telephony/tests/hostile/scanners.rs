//! SIPVicious, the scanner that finds every exchange on the Internet within hours: it is to find nobody here.
//!
//! It is installed in a folder of its own below the build folder, if that can be; else these stories are left out.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{wire::Wired, world::World};

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sipvicious");
    let done = folder.join("bin/sipvicious_svmap").is_file() || install(&folder);
    if !done {
        println!(
            "SIPVicious cannot be installed here (python3 -m venv, pip install sipvicious): its stories are left out"
        );
    }
    done.then_some(folder)
});

fn install(folder: &Path) -> bool {
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(folder), Duration::from_secs(60));
    let pip = folder.join("bin/pip");
    let arguments =
        ["install", "--quiet", "--disable-pip-version-check", "--retries", "0", "--timeout", "5", "sipvicious"];
    made.is_some_and(|output| output.status.success())
        && run(Command::new(pip).args(arguments), Duration::from_secs(60)).is_some_and(|output| output.status.success())
}

/// Runs a program to its end, or for so long.
fn run(command: &mut Command, most: Duration) -> Option<Output> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let until = Instant::now() + most;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() > until {
            let _ = child.kill();
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().ok()
}

fn scan(world: &World, program: &str, arguments: &[&str]) -> Option<String> {
    let program = FOLDER.as_ref()?.join("bin").join(format!("sipvicious_{program}"));
    let port = world.address.port().to_string();
    let mut command = Command::new(program);
    // From another address than the phones', which share their guard otherwise.
    command.args(["-b", "127.0.0.41", "-p", &port]).args(arguments).arg(world.address.ip().to_string());
    let output = run(&mut command, Duration::from_secs(8))?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn sipvicious_finds_no_user_and_guesses_no_password() {
    let world = World::new();
    if FOLDER.is_none() {
        return;
    }
    let (john, _mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    let map = scan(&world, "svmap", &[]).unwrap();
    println!("{map}");
    // Users that there are, among such as there are not.
    for method in ["REGISTER", "INVITE"] {
        let arguments = ["-m", method, "-e", "700-760", "--template", "abc%#03i", "--force"];
        let war = scan(&world, "svwar", &arguments).unwrap();
        println!("{method}: {war}");
        assert!(!war.contains("abc744") && !war.contains("abc702"), "svwar tells users apart by {method}: {war}");
    }
    let crack = scan(&world, "svcrack", &["-u", "abc744", "-r", "1000-1400"]).unwrap();
    println!("{crack}");
    assert!(!crack.contains("tandem-demo"));
    john.call_goes_through(&world, "702");
}
