//! Within a folder files call each other one way only: the largest circle of files is written here, and it
//! only ever shrinks.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::{Function, functions};
use super::source::product;

/// Files in the largest circle of each folder; 2 where a folder is not named.
const CIRCLE_MAX: &[(&str, usize)] = &[];
const CIRCLE_MAX_ELSEWHERE: usize = 2;

/// Which files each file calls.
type Graph = BTreeMap<String, BTreeSet<String>>;
/// What one file calls of another.
type Calls = BTreeMap<(String, String), BTreeSet<String>>;

/// `cargo test --test server circles -- --nocapture` draws each folder: its files, who calls whom in a circle,
/// and what is called.
#[test]
fn files_of_a_folder_call_each_other_one_way() {
    let functions = functions(&product());
    let mut found = Vec::new();
    for folder in folders(&functions) {
        let (graph, calls) = graph_of(&folder, &functions);
        let circles = circles(&graph);
        draw(&folder, &graph, &calls, &circles, &functions);
        let largest = circles.iter().map(Vec::len).max().unwrap_or(0);
        let most = CIRCLE_MAX.iter().find(|(of, _)| *of == folder);
        let most = most.map_or(CIRCLE_MAX_ELSEWHERE, |&(_, most)| most);
        if largest > most {
            found.push(format!(
                "src/{folder}: {largest} files call each other in a circle, {most} may"
            ));
        }
    }
    super::assert_none(found);
}

fn draw(
    folder: &str,
    graph: &Graph,
    calls: &Calls,
    circles: &[Vec<String>],
    functions: &[Function],
) {
    let edges: usize = graph.values().map(BTreeSet::len).sum();
    println!("src/{folder}: {} files, {edges} edges", graph.len());
    for circle in circles.iter().filter(|circle| circle.len() > 1) {
        let is_in =
            |function: &&Function| node(folder, function).is_some_and(|of| circle.contains(&of));
        let count = functions.iter().filter(is_in).count();
        println!(
            "  a circle of {} files with {count} functions:",
            circle.len()
        );
        for ((from, to), names) in calls {
            if circle.contains(from) && circle.contains(to) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                println!("    {from} → {to}: {}", names.join(", "));
            }
        }
    }
}

/// Every folder with more than one file, as in `hub/accounts`.
fn folders(functions: &[Function]) -> BTreeSet<String> {
    let of = |function: &Function| {
        let folders = function
            .file
            .match_indices('/')
            .map(|(at, _)| function.file[..at].to_owned());
        folders.collect::<Vec<_>>()
    };
    functions.iter().flat_map(of).collect()
}

/// The file of a folder that a function is in, with what is below it; `None` where it is in none.
fn node(folder: &str, function: &Function) -> Option<String> {
    let file = function.file.trim_end_matches(".rs");
    match file.strip_prefix(folder)? {
        "" => Some("mod".into()),
        below => {
            let below = below.strip_prefix('/')?;
            Some(below.split('/').next().unwrap_or(below).into())
        }
    }
}

/// Who calls whom in a folder, and what is called.
fn graph_of(folder: &str, functions: &[Function]) -> (Graph, Calls) {
    let (mut graph, mut calls) = (Graph::new(), Calls::new());
    for function in functions {
        let Some(from) = node(folder, function) else {
            continue;
        };
        let edges = graph.entry(from.clone()).or_default();
        for &at in &function.calls {
            let called = &functions[at];
            if let Some(to) = node(folder, called).filter(|to| *to != from) {
                edges.insert(to.clone());
                calls
                    .entry((from.clone(), to))
                    .or_default()
                    .insert(called.name.clone());
            }
        }
    }
    (graph, calls)
}

/// Strongly connected components: from each of one every other can be reached (Tarjan's algorithm).
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let mut search = Search {
        graph,
        seen: BTreeMap::new(),
        path: Vec::new(),
        circles: Vec::new(),
    };
    for node in graph.keys() {
        if !search.seen.contains_key(node.as_str()) {
            search.visit(node);
        }
    }
    search.circles
}

struct Search<'g> {
    graph: &'g Graph,
    /// The number of each node that was visited; `usize::MAX` where its circle is known.
    seen: BTreeMap<&'g str, usize>,
    path: Vec<&'g str>,
    circles: Vec<Vec<String>>,
}

impl<'g> Search<'g> {
    /// Returns the lowest number on the path that can be reached.
    fn visit(&mut self, node: &'g str) -> usize {
        let number = self.seen.len();
        self.seen.insert(node, number);
        self.path.push(node);
        let mut lowest = number;
        let graph = self.graph;
        for next in graph.get(node).into_iter().flatten() {
            lowest = match self.seen.get(next.as_str()) {
                Some(&usize::MAX) => lowest,
                Some(&seen) => lowest.min(seen),
                None => lowest.min(self.visit(next)),
            };
        }
        if lowest == number {
            let start = self
                .path
                .iter()
                .position(|&on| on == node)
                .expect("it is on the path");
            let circle = self.path.split_off(start);
            for done in &circle {
                self.seen.insert(done, usize::MAX);
            }
            self.circles
                .push(circle.into_iter().map(str::to_owned).collect());
            return usize::MAX;
        }
        lowest
    }
}
