//! `vhart conform`: the suite as a user sees it.

mod program;

use program::{errors, folder, run, text};
use serde_json::Value;

#[test]
fn the_suite_passes_and_its_table_adds_up() {
    let output = run(["conform"]);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", errors(&output));
    assert!(text.lines().last().unwrap().contains(" tests passed, 0 failed; "), "{text}");
    let columns = |line: &str| -> Vec<usize> {
        let words: Vec<&str> = line.split_whitespace().collect();
        words[words.len() - 7..].iter().map(|number| number.parse().unwrap()).collect()
    };
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("chapter "), "{text}");
    let rows: Vec<(&str, Vec<usize>)> = lines
        .take_while(|line| !line.contains(" tests passed"))
        .map(|line| (line.split_whitespace().next().unwrap(), columns(line)))
        .collect();
    for (name, row) in &rows {
        let [rules, covered, passed, failed, not_run, not_applicable, no_test] = row[..] else {
            panic!("{name}: {row:?}");
        };
        assert_eq!(covered, passed + failed + not_run, "{name}");
        assert_eq!(rules, covered + not_applicable + no_test, "{name}");
    }
    let hypervisor = rows.iter().find(|(name, _)| *name == "hypervisor").unwrap();
    assert_eq!(hypervisor.1[0], 288, "the rules of the hypervisor chapter");
}

#[test]
fn reports_name_every_rule() {
    let folder = folder("conform-reports");
    let (json, html) = (folder.join("r.json"), folder.join("r.html"));
    let output =
        run(["conform", "vmid_width", "--json", json.to_str().unwrap(), "--report", html.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let chapters = report["chapters"].as_array().unwrap();
    let hypervisor = chapters.iter().find(|chapter| chapter["name"] == "hypervisor").unwrap();
    let rules = hypervisor["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["name"] == "HGATP_VMID").unwrap();
    assert_eq!(rule["implementation_defined"], true);
    let tests = hypervisor["tests"].as_array().unwrap();
    let runs = tests.iter().find(|test| test["name"] == "vmid_width").unwrap()["runs"].as_array().unwrap();
    assert!(runs.len() >= 2 && runs.iter().all(|run| run["passed"] == true), "{runs:?}");
    let html = std::fs::read_to_string(html).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<code>HGATP_VMID</code>"));
}

#[test]
fn exported_tests_run_as_programs() {
    let folder = folder("conform-export");
    let output =
        run(["conform", "vmid_width", "--cpu", "max,vmidlen=3", "--export", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("vmid_width\t")).unwrap();
    assert!(line.starts_with("vmid_width\th\tmax,vmidlen=3\t\t"), "{line}");
    let elf = folder.join("vmid_width.elf");
    let elf = elf.to_str().unwrap();
    let output = run(["run", "--cpu", "max,vmidlen=3", elf]);
    assert_eq!((output.status.code(), text(&output)), (Some(0), String::from("vmid_width: pass\n")));
    // On another hart its expectation is wrong, and it says which.
    let output = run(["run", "--cpu", "max,vmidlen=4", elf]);
    assert_ne!(output.status.code(), Some(0));
    assert!(
        text(&output).contains("failed: ") && text(&output).contains(": expected 0x"),
        "{}",
        text(&output)
    );
}

#[test]
fn what_cannot_be_done_is_said_in_a_line() {
    for (args, status, message) in [
        (&["no-such-test"][..], 2, "no test, rule or chapter is called 'no-such-test'"),
        (&["vmid_width", "--cpu", "rv64gc"], 2, "this hart lacks what the tests need"),
        (&["--cpu", "pentium"], 2, "'pentium' is no hart"),
        (&["--export", "x", "--json", "y"], 2, "cannot be used with"),
        (&["vmid_width", "--json", "no/such/folder/r.json"], 125, "cannot write no/such/folder/r.json"),
        (&[""], 2, "a value is required"),
    ] {
        let output = run(["conform"].iter().chain(args));
        assert_eq!(output.status.code(), Some(status), "{args:?}");
        assert!(errors(&output).contains(message), "{args:?}: {}", errors(&output));
    }
}
