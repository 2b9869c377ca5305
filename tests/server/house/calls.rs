//! Who calls whom, as far as names and the types of fields, arguments and results tell: functions of the
//! product, methods of one type in several files too. A call that is not understood (of a value whose type is
//! not seen, by a name that several types have) is left out.

use std::collections::{BTreeMap, HashMap};

use syn::visit::{self, Visit};
use syn::{
    Expr, ExprCall, ExprMethodCall, Fields, FnArg, GenericArgument, ImplItem, ImplItemFn, Item,
    ItemFn, Local, Member, Pat, PathArguments, ReturnType, Signature, Type, UseTree,
};

use super::source::{Source, is_for_tests};

/// Methods that the types of std have: by such a name alone no type is known.
const OF_STD: [&str; 56] = [
    "accept", "all", "and_then", "any", "as_bytes", "as_ref", "as_str", "bind", "clear", "clone",
    "close", "cmp", "commit", "connect", "contains", "count", "drain", "end", "entry", "execute",
    "extend", "find", "finish", "first", "flush", "get", "get_mut", "insert", "is_empty", "iter",
    "iter_mut", "join", "last", "len", "listen", "lock", "map", "max", "min", "next", "open",
    "parse", "peek", "pop", "prepare", "push", "query", "read", "remove", "retain", "send", "set",
    "start", "take", "then", "write",
];

/// A function of the product.
pub(super) struct Function {
    /// Below src/, as in `hub/room.rs`.
    pub(super) file: String,
    /// As in `Hub::handle_leave`.
    pub(super) name: String,
    /// By their places in the list.
    pub(super) calls: Vec<usize>,
}

/// Every function, and what it calls.
pub(super) fn functions(sources: &[Source]) -> Vec<Function> {
    let mut known = Known::default();
    for source in sources {
        known.take_in(source);
    }
    let mut functions: Vec<Function> = Vec::new();
    for (at, found) in known.functions.iter().enumerate() {
        let mut calls = Calls {
            known: &known,
            of: found,
            locals: found.arguments(),
            calls: Vec::new(),
        };
        calls.visit_block(found.block);
        let mut calls = calls.calls;
        calls.sort_unstable();
        calls.dedup();
        calls.retain(|&called| called != at);
        functions.push(Function {
            file: found.file.into(),
            name: match &found.owner {
                Some(owner) => format!("{owner}::{}", found.signature.ident),
                None => found.signature.ident.to_string(),
            },
            calls,
        });
    }
    functions
}

struct Found<'s> {
    file: &'s str,
    module: Vec<String>,
    owner: Option<String>,
    signature: &'s Signature,
    block: &'s syn::Block,
}

impl Found<'_> {
    /// The types of its arguments.
    fn arguments(&self) -> HashMap<String, String> {
        let typed = self
            .signature
            .inputs
            .iter()
            .filter_map(|input| match input {
                FnArg::Receiver(_) => Some(("self".to_owned(), self.owner.clone()?)),
                FnArg::Typed(input) => Some((name_of(&input.pat)?, type_name(&input.ty)?)),
            });
        typed.collect()
    }

    /// The type of what it returns, seen through `Option` and `Result`.
    fn result(&self) -> Option<String> {
        match &self.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, output) => match type_name(output)?.as_str() {
                "Self" => self.owner.clone(),
                name => Some(name.to_owned()),
            },
        }
    }
}

#[derive(Default)]
struct Known<'s> {
    functions: Vec<Found<'s>>,
    /// By module and name.
    free: HashMap<(Vec<String>, String), usize>,
    /// By type and name.
    methods: HashMap<(String, String), usize>,
    /// By name.
    methods_named: BTreeMap<String, Vec<usize>>,
    /// The type of each field, by the type that has it.
    fields: HashMap<(String, String), String>,
    /// What is brought into each module: the whole path of each name.
    uses: HashMap<(Vec<String>, String), Vec<String>>,
    modules: Vec<Vec<String>>,
}

impl<'s> Known<'s> {
    fn take_in(&mut self, source: &'s Source) {
        let module = source.module();
        self.modules.push(module.clone());
        for item in &source.items {
            match item {
                Item::Fn(ItemFn { sig, block, .. }) => {
                    let key = (module.clone(), sig.ident.to_string());
                    self.free.insert(key, self.functions.len());
                    self.add(source, None, sig, block);
                }
                Item::Impl(item) => {
                    let Some(owner) = type_name(&item.self_ty) else {
                        continue;
                    };
                    for item in &item.items {
                        if let ImplItem::Fn(ImplItemFn {
                            attrs, sig, block, ..
                        }) = item
                            && !is_for_tests(attrs)
                        {
                            let (at, name) = (self.functions.len(), sig.ident.to_string());
                            self.methods.insert((owner.clone(), name.clone()), at);
                            self.methods_named.entry(name).or_default().push(at);
                            self.add(source, Some(owner.clone()), sig, block);
                        }
                    }
                }
                Item::Struct(item) => {
                    if let Fields::Named(fields) = &item.fields {
                        for field in &fields.named {
                            if let (Some(name), Some(of)) = (&field.ident, type_name(&field.ty)) {
                                let key = (item.ident.to_string(), name.to_string());
                                self.fields.insert(key, of);
                            }
                        }
                    }
                }
                Item::Use(item) => self.take_use(&module, Vec::new(), &item.tree),
                _ => {}
            }
        }
    }

    fn add(
        &mut self,
        source: &'s Source,
        owner: Option<String>,
        signature: &'s Signature,
        block: &'s syn::Block,
    ) {
        self.functions.push(Found {
            file: &source.name,
            module: source.module(),
            owner,
            signature,
            block,
        });
    }

    fn take_use(&mut self, module: &[String], mut path: Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.take_use(module, path, &tree.tree);
            }
            UseTree::Name(tree) => {
                let name = tree.ident.to_string();
                let key = match (name.as_str(), path.last()) {
                    ("self", Some(last)) => last.clone(),
                    _ => {
                        path.push(name.clone());
                        name
                    }
                };
                self.uses.insert((module.to_vec(), key), path);
            }
            UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                let key = (module.to_vec(), tree.rename.to_string());
                self.uses.insert(key, path);
            }
            UseTree::Group(tree) => {
                for tree in &tree.items {
                    self.take_use(module, path.clone(), tree);
                }
            }
            UseTree::Glob(_) => {}
        }
    }

    /// The function that a path in a module means.
    fn function(&self, module: &[String], path: &[String], depth: usize) -> Option<usize> {
        let (name, before) = path.split_last()?;
        if depth == 0 {
            return None;
        }
        if before.is_empty() {
            let own = self.free.get(&(module.to_vec(), name.clone()));
            let used = || {
                let used = self.uses.get(&(module.to_vec(), name.clone()))?;
                (used.len() > 1).then(|| self.function(module, used, depth - 1))?
            };
            return own.copied().or_else(used);
        }
        let of = &before[before.len() - 1];
        if of.starts_with(char::is_uppercase) {
            return self.methods.get(&(of.clone(), name.clone())).copied();
        }
        let within = self.resolved(module, before)?;
        self.function(&within, std::slice::from_ref(name), depth - 1)
    }

    /// The module that a path in a module means.
    fn resolved(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut at = module.to_vec();
        for (nth, part) in path.iter().enumerate() {
            match part.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                _ => {
                    let child = [&at[..], std::slice::from_ref(part)].concat();
                    let used = self.uses.get(&(at.clone(), part.clone()));
                    at = match used {
                        _ if self.modules.contains(&child) => child,
                        // Another crate's own name, where it begins with itself.
                        Some(used) if nth == 0 && used[0] != *part => {
                            self.resolved(module, used)?
                        }
                        _ => return None,
                    };
                }
            }
        }
        Some(at)
    }

    /// The method of that name where no more is known.
    fn only_method(&self, name: &str) -> Option<usize> {
        match self.methods_named.get(name)?[..] {
            [only] if !OF_STD.contains(&name) => Some(only),
            _ => None,
        }
    }
}

struct Calls<'k> {
    known: &'k Known<'k>,
    of: &'k Found<'k>,
    /// The types of what has a name.
    locals: HashMap<String, String>,
    calls: Vec<usize>,
}

impl Calls<'_> {
    fn called(&self, call: &ExprCall) -> Option<usize> {
        let Expr::Path(path) = &*call.func else {
            return None;
        };
        let parts = path
            .path
            .segments
            .iter()
            .map(|part| match &*part.ident.to_string() {
                "Self" => self.of.owner.clone().unwrap_or_default(),
                name => name.to_owned(),
            });
        let parts: Vec<String> = parts.collect();
        self.known.function(&self.of.module, &parts, 4)
    }

    fn method(&self, call: &ExprMethodCall) -> Option<usize> {
        let name = call.method.to_string();
        match self.type_of(&call.receiver) {
            Some(of) => self.known.methods.get(&(of, name)).copied(),
            None => self.known.only_method(&name),
        }
    }

    /// The type of a value, if that is seen.
    fn type_of(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Path(path) => self
                .locals
                .get(&path.path.get_ident()?.to_string())
                .cloned(),
            Expr::Field(field) => match &field.member {
                Member::Named(name) => {
                    let key = (self.type_of(&field.base)?, name.to_string());
                    self.known.fields.get(&key).cloned()
                }
                Member::Unnamed(_) => None,
            },
            Expr::MethodCall(call) => match call.method.to_string().as_str() {
                "as_mut" | "as_ref" | "as_deref" | "as_deref_mut" | "unwrap" | "expect"
                | "borrow" | "borrow_mut" => self.type_of(&call.receiver),
                _ => self.known.functions[self.method(call)?].result(),
            },
            Expr::Call(call) => self.known.functions[self.called(call)?].result(),
            Expr::Reference(of) => self.type_of(&of.expr),
            Expr::Unary(of) => self.type_of(&of.expr),
            Expr::Paren(of) => self.type_of(&of.expr),
            Expr::Try(of) => self.type_of(&of.expr),
            Expr::Struct(of) => of.path.segments.last().map(|part| part.ident.to_string()),
            _ => None,
        }
    }

    fn note(&mut self, pat: &Pat, expr: &Expr) {
        if let (Some(name), Some(of)) = (name_of(pat), self.type_of(expr)) {
            self.locals.insert(name, of);
        }
    }
}

impl<'ast> Visit<'ast> for Calls<'_> {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        self.calls.extend(self.called(call));
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.calls.extend(self.method(call));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_local(&mut self, local: &'ast Local) {
        visit::visit_local(self, local);
        if let Some(init) = &local.init {
            self.note(&local.pat, &init.expr);
        }
    }

    fn visit_expr_let(&mut self, expr: &'ast syn::ExprLet) {
        visit::visit_expr_let(self, expr);
        self.note(&expr.pat, &expr.expr);
    }
}

/// The name that a pattern gives, seen through `Some` and `Ok`.
fn name_of(pat: &Pat) -> Option<String> {
    match pat {
        Pat::Ident(pat) => Some(pat.ident.to_string()),
        Pat::Type(pat) => name_of(&pat.pat),
        Pat::Reference(pat) => name_of(&pat.pat),
        Pat::TupleStruct(pat) if pat.elems.len() == 1 => {
            let of = pat.path.segments.last()?.ident.to_string();
            ["Some", "Ok"]
                .contains(&of.as_str())
                .then(|| name_of(&pat.elems[0]))?
        }
        _ => None,
    }
}

/// The name of a type, seen through references, smart pointers, `Option` and `Result`.
fn type_name(of: &Type) -> Option<String> {
    match of {
        Type::Reference(of) => type_name(&of.elem),
        Type::Paren(of) => type_name(&of.elem),
        Type::Path(of) => {
            let last = of.path.segments.last()?;
            let name = last.ident.to_string();
            let is_seen_through =
                ["Option", "Result", "Box", "Rc", "Arc", "RefCell"].contains(&name.as_str());
            match &last.arguments {
                PathArguments::AngleBracketed(arguments) if is_seen_through => {
                    arguments.args.iter().find_map(|argument| match argument {
                        GenericArgument::Type(of) => type_name(of),
                        _ => None,
                    })
                }
                _ => Some(name),
            }
        }
        _ => None,
    }
}
