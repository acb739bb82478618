//! The style sheet: Tailwind CSS reads `style/tandem.css` and the Rust sources it names.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::Result,
    shell::{self, Running, say},
    site::Kind,
    stamp::{Stamp, this_helper},
    workspace,
};

const NODE_REMEDY: &str = "install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)";

/// Installs what `package-lock.json` pins, unless it is there already.
pub fn install_npm_packages() -> Result<()> {
    let inputs = [workspace::path("package.json"), workspace::path("package-lock.json")];
    let stamp = Stamp::of("npm", &inputs);
    if stamp.is_current(&workspace::path("node_modules/.package-lock.json")) {
        return Ok(());
    }
    say("npm packages: Tailwind CSS and Binaryen");
    shell::run(Command::new("npm").args(["ci", "--no-progress"]), NODE_REMEDY)?;
    stamp.save()
}

/// A style sheet that is being made, or that needs no work.
pub struct StyleSheet {
    work: Option<(Running, Stamp)>,
    /// Where the finished file is.
    pub file: PathBuf,
}

impl StyleSheet {
    /// Begins; the caller builds the browser code meanwhile.
    pub fn start(kind: Kind) -> Result<Self> {
        let file = workspace::path("target/xtask").join(kind.name()).join("tandem.css");
        let source = workspace::path("style/tandem.css");
        let mut inputs = workspace::files_below(&workspace::path("style"));
        inputs.extend(workspace::files_below(&workspace::path("app/src")));
        inputs.push(workspace::path("node_modules/.package-lock.json"));
        inputs.push(this_helper());
        let stamp = Stamp::of(&format!("style-sheet-{}", kind.name()), &inputs);
        if stamp.is_current(&file) {
            return Ok(Self { work: None, file });
        }
        say("style sheet");
        let running = Running::start(&mut tailwind(&source, &file, kind), NODE_REMEDY)?;
        Ok(Self { work: Some((running, stamp)), file })
    }

    /// Waits for the file.
    pub fn finish(self) -> Result<PathBuf> {
        if let Some((running, stamp)) = self.work {
            running.finish()?;
            stamp.save()?;
        }
        Ok(self.file)
    }
}

fn tailwind(source: &Path, output: &Path, kind: Kind) -> Command {
    let mut command = Command::new("node");
    command.arg("node_modules/@tailwindcss/cli/dist/index.mjs");
    command.arg("--input").arg(source).arg("--output").arg(output);
    match kind {
        Kind::Development => {}
        Kind::Release => {
            command.arg("--minify");
        }
    }
    command
}
