//! BIG: C for a program with more code than fits a cache of decoded or translated code: small functions without a
//! pattern, of which a window is called at random and moves slowly. The same text each time.

use std::fmt::Write;

/// Functions of the program.
const FUNCTIONS: u64 = 2000;

/// Elements of the two arrays that the functions work on.
const ELEMENTS: u64 = 4096;

/// The program's text.
pub(super) fn source() -> String {
    let mut choice = Choice(7);
    let mut text = format!(
        "#include \"program.h\"\nstatic u64 G[{ELEMENTS}];\nstatic u32 H[{ELEMENTS}];\n\
         #pragma GCC diagnostic ignored \"-Wmisleading-indentation\"\n"
    );
    for number in 0..FUNCTIONS {
        function(&mut text, &mut choice, number);
    }
    let names: Vec<String> = (0..FUNCTIONS).map(|number| format!("f{number}")).collect();
    text += &format!("static u64 (*const table[])(u64, u64) = {{{}}};\n", names.join(", "));
    // 512 functions are called for a thousand turns and then 64 for three thousand; the window moves after two rounds.
    text + &format!(
        "u64 run(u64 iterations) {{
 u64 sum = 1, x = 12345;
 for (u64 n = 0; n < iterations; n++) {{
  x = x * 6364136223846793005ul + 1442695040888963407ul;
  u64 first = (n >> 13) * 37 % {FUNCTIONS};
  sum += table[(first + ((x >> 33) & (((n >> 10) & 3) ? 63 : 511))) % {FUNCTIONS}](sum, x);
 }}
 return sum;
}}\n"
    )
}

/// Adds a function of two numbers. One in seven or so calls another, whose number is a third of its own at most, so
/// that calls end soon.
fn function(text: &mut String, choice: &mut Choice, number: u64) {
    let _ = writeln!(text, "static NOINLINE u64 f{number}(u64 a, u64 b) {{");
    let _ = writeln!(text, " u64 c = a ^ {};", choice.between(1, 9999));
    for _ in 0..choice.between(5, 12) {
        let kind = choice.between(0, 9);
        let element = choice.between(0, ELEMENTS - 1);
        let [v, w, z] = std::array::from_fn(|_| choice.of(["a", "b", "c"]));
        let _ = match kind {
            0 | 1 => writeln!(text, " {v} = {w} + ({z} >> {});", choice.between(1, 20)),
            2 => writeln!(text, " {v} += G[({w} + {element}) & {}];", ELEMENTS - 1),
            3 => writeln!(text, " G[{element}] = {v} + {w};"),
            4 => {
                let (mask, value) = (choice.of(["3", "7", "15"]), choice.between(0, 2));
                writeln!(
                    text,
                    " if (({v} & {mask}) == {value}) {{ {w} = {w} * 3 + {element}; H[{element}]++; }}"
                )
            }
            5 => writeln!(text, " {v} = ({w} << {}) ^ {z};", choice.between(1, 9)),
            6 => writeln!(text, " {v} += H[({w} >> 3) & {}];", ELEMENTS - 1),
            7 => writeln!(text, " if ({v} > {w}) {z} -= {element}; else {z} += 7;"),
            8 if 20 < number && choice.between(0, 1) == 0 => {
                let callee = choice.between(number.saturating_sub(400), number - 1) % (number / 3);
                writeln!(text, " {v} += f{callee}({w}, {z});")
            }
            8 if 20 < number => writeln!(text, " {v} ^= {w};"),
            _ => {
                let turns = choice.between(2, 6);
                writeln!(text, " for (int i = 0; i < {turns}; i++) {v} += {w} >> i;")
            }
        };
    }
    text.push_str(" return a + b * 3 + c;\n}\n");
}

/// Numbers without a pattern: Knuth's linear congruential generator, of which the upper half is used.
struct Choice(u64);

impl Choice {
    /// A number from `first` to `last`.
    fn between(&mut self, first: u64, last: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        first + (self.0 >> 32) % (last - first + 1)
    }

    fn of(&mut self, words: [&'static str; 3]) -> &'static str {
        words[self.between(0, 2) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_same_each_time() {
        let text = source();
        assert_eq!(text, source());
        assert_eq!(text.matches("static NOINLINE").count() as u64, FUNCTIONS);
    }

    #[test]
    fn choices_have_both_ends() {
        let mut choice = Choice(1);
        let mut seen = [false; 4];
        (0..100).for_each(|_| seen[choice.between(2, 5) as usize - 2] = true);
        assert_eq!(seen, [true; 4]);
    }
}
