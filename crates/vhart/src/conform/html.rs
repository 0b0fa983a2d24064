//! `--report`: the results as one page that needs no other file.

use std::io::{self, Write};

use super::results::{ChapterResult, Count, Results, Verdict};

const STYLE: &str = "\
body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}
table{border-collapse:collapse;margin:.5em 0}td,th{padding:.15em .7em;text-align:left;vertical-align:top}
th{border-bottom:1px solid #888}td.n,th.n{text-align:right}summary{cursor:pointer;font-weight:600}
.passed{color:#17692b}.failed{color:#b00020;font-weight:600}.no_test{color:#9a5b00}
.not_applicable,.not_run{color:#666}code{font-size:.95em}";

/// Writes the page.
pub(super) fn write(out: &mut dyn Write, results: &Results) -> io::Result<()> {
    writeln!(out, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">")?;
    writeln!(out, "<title>vhart conform</title><style>{STYLE}</style></head><body>")?;
    writeln!(out, "<h1>Conformance, rule by rule</h1>")?;
    let failed: Vec<_> = results.tests().filter(|test| test.failures().next().is_some()).collect();
    let tests = results.tests().count();
    writeln!(
        out,
        "<p>{} of {tests} tests passed in all their runs ({} runs). Rules are the normative rules of the RISC-V \
         manual, by its names.</p>",
        tests - failed.len(),
        results.runs()
    )?;
    if !failed.is_empty() {
        writeln!(out, "<h2>Failures</h2><table><tr><th>test<th>hart<th>outcome</tr>")?;
        for test in failed {
            for run in test.failures() {
                let (cpu, outcome) = (escape(&run.cpu), escape(&run.outcome));
                writeln!(out, "<tr><td><code>{}</code><td>{cpu}<td class=failed>{outcome}</tr>", test.name)?;
            }
        }
        writeln!(out, "</table>")?;
    }
    write_overview(out, results)?;
    writeln!(out, "<h2>Rules</h2>")?;
    for chapter in &results.chapters {
        write_chapter(out, chapter)?;
    }
    write_cases(out, results)?;
    writeln!(out, "</body></html>")
}

fn write_overview(out: &mut dyn Write, results: &Results) -> io::Result<()> {
    writeln!(out, "<h2>Chapters</h2><table><tr><th>chapter")?;
    for heading in ["rules", "covered", "passed", "failed", "not run", "not applicable", "no test"] {
        write!(out, "<th class=n>{heading}")?;
    }
    writeln!(out, "</tr>")?;
    let mut total = Count::default();
    for chapter in &results.chapters {
        total = total.plus(&chapter.count());
        let link = format!("<a href=\"#{0}\">{0}</a>", chapter.name);
        write_count(out, &link, &chapter.count())?;
    }
    write_count(out, "total", &total)?;
    write_count(out, "<a href=\"#cases\">corner cases</a>", &results.count_cases())?;
    writeln!(out, "</table>")
}

fn write_count(out: &mut dyn Write, name: &str, count: &Count) -> io::Result<()> {
    let Count { passed, failed, not_run, not_applicable, no_test } = *count;
    write!(out, "<tr><td>{name}")?;
    for number in [count.rules(), count.covered(), passed, failed, not_run, not_applicable, no_test] {
        write!(out, "<td class=n>{number}")?;
    }
    writeln!(out, "</tr>")
}

fn write_chapter(out: &mut dyn Write, chapter: &ChapterResult) -> io::Result<()> {
    let count = chapter.count();
    writeln!(
        out,
        "<details id=\"{0}\"><summary>{0}: {1} of {2} rules passed</summary>",
        chapter.name,
        count.passed,
        count.rules() - count.not_applicable
    )?;
    writeln!(out, "<table><tr><th>rule<th>verdict<th>tests, or why not applicable</tr>")?;
    for rule in &chapter.rules {
        let choice = if rule.implementation_defined { " (implementation-defined)" } else { "" };
        write!(out, "<tr><td><code>{}</code>{choice}", escape(rule.name))?;
        write_verdict(out, rule.verdict, rule.reason, &rule.tests)?;
    }
    writeln!(out, "</table><table><tr><th>test<th>what it shows<th>harts</tr>")?;
    for test in &chapter.tests {
        let harts: Vec<&str> = test.runs.iter().map(|run| run.cpu.as_str()).collect();
        let (doc, harts) = (escape(test.doc), escape(&harts.join(" · ")));
        writeln!(out, "<tr><td><code>{}</code><td>{doc}<td>{harts}</tr>", test.name)?;
    }
    writeln!(out, "</table></details>")
}

fn write_cases(out: &mut dyn Write, results: &Results) -> io::Result<()> {
    writeln!(
        out,
        "<h2 id=cases>Corner cases</h2><table><tr><th class=n>number<th>case<th>verdict<th>tests, or why not</tr>"
    )?;
    for case in &results.cases {
        write!(out, "<tr><td class=n>{}<td>{}", case.number, escape(case.what))?;
        write_verdict(out, case.verdict, case.reason, &case.tests)?;
    }
    writeln!(out, "</table>")
}

fn write_verdict(out: &mut dyn Write, verdict: Verdict, reason: &str, tests: &[&str]) -> io::Result<()> {
    let name = verdict.name();
    let class = name.replace(' ', "_");
    writeln!(out, "<td class={class}>{name}<td>{} {}</tr>", escape(reason), tests.join(", "))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use conformance::{Outcome, Run, suite};

    use super::*;

    #[test]
    fn failures_are_shown_and_text_is_escaped() {
        let test = suite().next().expect("a test");
        let outcome = Outcome::Stuck(String::from("<stuck> & \"lost\""));
        let results = Results::new(vec![Run { test, cpu: String::from("max"), outcome }]);
        let mut page = Vec::new();
        write(&mut page, &results).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains(&format!(
            "<code>{}</code><td>max<td class=failed>&lt;stuck&gt; &amp; &quot;lost&quot;",
            test.name
        )));
        assert!(page.contains("0 of 1 tests passed"));
        for chapter in &results.chapters {
            assert!(page.contains(&format!("id=\"{}\"", chapter.name)));
        }
        assert!(!page.contains("src=") && !page.contains("<script"), "the page stands alone");
    }
}
