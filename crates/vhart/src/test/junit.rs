//! The JUnit report: one `testcase` element per test, in the form that CI services read.

use std::io::Write;

use super::Report;

/// Writes the report of a whole run.
pub(super) fn write(out: &mut dyn Write, reports: &[Report]) -> std::io::Result<()> {
    let failed = reports.iter().filter(|report| report.failure.is_some()).count();
    let seconds: f64 = reports.iter().map(|report| report.seconds).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuite name="vhart test" tests="{}" failures="{failed}" time="{seconds:.3}">"#,
        reports.len()
    )?;
    for Report { case, failure, seconds } in reports {
        let name = escape(&case.name);
        write!(out, r#"  <testcase name="{name}" time="{seconds:.3}""#)?;
        match failure {
            Some(failure) => writeln!(out, r#"><failure message="{}"/></testcase>"#, escape(failure))?,
            None => writeln!(out, "/>")?,
        }
    }
    writeln!(out, "</testsuite>")
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0 has no way to write other control characters.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::find::Case;
    use super::*;

    #[test]
    fn a_pass_and_a_failure() {
        let report = |name: &str, failure: Option<&str>| Report {
            case: Case { name: name.to_owned(), path: PathBuf::new() },
            failure: failure.map(str::to_owned),
            seconds: 0.5,
        };
        let mut out = Vec::new();
        write(&mut out, &[report("a&b", None), report("c", Some("pc \"<0>\"\u{1}"))]).unwrap();
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="vhart test" tests="2" failures="1" time="1.000">
  <testcase name="a&amp;b" time="0.500"/>
  <testcase name="c" time="0.500"><failure message="pc &quot;&lt;0&gt;&quot; "/></testcase>
</testsuite>
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
