//! Tells the crate which versions Cargo.lock holds, for `version` in the API.

fn main() {
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock lies beside Cargo.toml");
    for (name, variable) in [("datafusion", "BF_DATAFUSION_VERSION"), ("arrow", "BF_ARROW_VERSION")] {
        let at = lock.find(&format!("name = \"{name}\"\n")).expect("the lock file names what the crate depends on");
        let version = lock[at..].lines().nth(1).and_then(|l| l.split('"').nth(1)).expect("a version follows the name");
        println!("cargo:rustc-env={variable}={version}");
    }
    println!("cargo:rerun-if-changed=Cargo.lock");
    println!("cargo:rerun-if-env-changed=BF_ENGINE_KEY"); // clones share a build directory: what one built is not the other's
}
