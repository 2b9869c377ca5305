//! How long files and functions are.

use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Arm, Block, Expr, ExprMatch, ImplItemFn, ItemFn, Stmt};

use super::assert_none;
use super::source::{files, is_for_tests, line_of, lines_of, product, root};

const FILE_LINES_MAX: usize = 450;
const FUNCTION_LINES_MAX: usize = 60;
/// An arm of a flat match is read at a glance.
const ARM_LINES_MAX: usize = 20;

/// Files that are to be split yet, with their lines: nothing is added to them.
const LONG_YET: &[(&str, usize)] = &[("hub/accounts/tests.rs", 519), ("hub/tests.rs", 473)];

#[test]
fn files_are_short() {
    let mut found = Vec::new();
    for path in files(&root().join("src")) {
        let count = std::fs::read_to_string(&path)
            .expect("UTF-8")
            .lines()
            .count();
        let name = path.strip_prefix(root().join("src")).expect("below src/");
        let most = LONG_YET.iter().find(|(long, _)| name == Path::new(long));
        if count > most.map_or(FILE_LINES_MAX, |&(_, most)| most) {
            found.push(format!("{}: {count} lines", path.display()));
        }
    }
    assert_none(found);
}

#[test]
fn functions_are_short_unless_flat() {
    let mut found = Vec::new();
    for source in product() {
        let mut functions = Functions {
            file: &source.name,
            found: &mut found,
        };
        source
            .items
            .iter()
            .for_each(|item| functions.visit_item(item));
    }
    assert_none(found);
}

struct Functions<'a> {
    file: &'a str,
    found: &'a mut Vec<String>,
}

impl Functions<'_> {
    fn look_at(&mut self, name: &str, block: &Block) {
        let count = lines_of(block);
        if count > FUNCTION_LINES_MAX && count - lines_in_flat_match(block) > FUNCTION_LINES_MAX {
            self.found.push(format!(
                "src/{}:{}: {name} has {count} lines",
                self.file,
                line_of(block)
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if !is_for_tests(&function.attrs) {
            self.look_at(&function.sig.ident.to_string(), &function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            self.look_at(&function.sig.ident.to_string(), &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }
}

/// The lines of the match, or of the values listed, that a function is made of; 0 where it is made of more.
/// It is flat where each arm is short.
fn lines_in_flat_match(block: &Block) -> usize {
    let matches = block.stmts.iter().filter_map(|stmt| match stmt {
        Stmt::Expr(expr, _) => flat(expr),
        Stmt::Local(local) => local.init.as_ref().and_then(|init| flat(&init.expr)),
        Stmt::Item(_) | Stmt::Macro(_) => None,
    });
    matches.map(lines_of).max().unwrap_or(0)
}

fn flat(expr: &Expr) -> Option<&ExprMatch> {
    match expr {
        Expr::Match(found) if found.arms.iter().all(is_short) => Some(found),
        // `Some(match …)`, `Ok(match …)`.
        Expr::Call(call) => call.args.iter().find_map(flat),
        Expr::Try(tried) => flat(&tried.expr),
        Expr::MethodCall(call) => flat(&call.receiver),
        _ => None,
    }
}

fn is_short(arm: &Arm) -> bool {
    lines_of(&arm.body) <= ARM_LINES_MAX
}
