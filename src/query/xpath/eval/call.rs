//! What the functions do.
//!
//! Knows the arguments of each function and its default, the context node. The parser has seen to their
//! number, so a missing argument here is an empty one. Text work lies in `text`.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::query::QueryError;
use crate::query::xpath::Context;
use crate::query::xpath::XNode;
use crate::query::xpath::eval::Eval;
use crate::query::xpath::eval::Evaluator;
use crate::query::xpath::eval::Nodes;
use crate::query::xpath::eval::Val;
use crate::query::xpath::eval::text;
use crate::query::xpath::expr::Expr;
use crate::query::xpath::function::Function;
use crate::query::xpath::number;
use crate::query::xpath::value_type::Type;

/// Longest text that `concat()` makes, in bytes.
const MAX_TEXT: usize = 16 * 1024 * 1024;

impl<'e> Evaluator<'e> {
    pub(super) fn call(&self, function: Function, args: &'e [Expr], context: Context) -> Eval<Val<'e>> {
        Ok(match function {
            Function::True => Val::Boolean(true),
            Function::False => Val::Boolean(false),
            Function::Not => Val::Boolean(!self.truth(args, context)?),
            Function::Boolean => Val::Boolean(self.truth(args, context)?),
            Function::Contains | Function::StartsWith | Function::EndsWith => {
                Val::Boolean(self.holds(function, args, context)?)
            }
            Function::Lang => Val::Boolean(self.lang(&self.arg(args, 0, context)?, context)?),
            Function::Last => Val::Number(f64::from(context.size)),
            Function::Position => Val::Number(f64::from(context.position)),
            Function::Count => Val::Number(self.set(args, context)?.len() as f64),
            Function::Sum => Val::Number(self.sum(args, context)?),
            Function::Number => Val::Number(self.numeric(args, 0, context)?),
            Function::Floor => Val::Number(self.numeric(args, 0, context)?.floor()),
            Function::Ceiling => Val::Number(self.numeric(args, 0, context)?.ceil()),
            Function::Round => Val::Number(number::round(self.numeric(args, 0, context)?)),
            Function::StringLength => {
                let text = self.scanned(args, 0, context)?;
                Val::Number(text.chars().count() as f64)
            }
            Function::Id => Val::Nodes(self.id(args, context)?),
            Function::Name | Function::LocalName => Val::Text(Cow::Borrowed(self.name(args, context)?)),
            // The tree has no name spaces.
            Function::NamespaceUri => Val::Text(Cow::Borrowed("")),
            _ => Val::Text(self.call_text(function, args, context)?),
        })
    }

    fn call_text(&self, function: Function, args: &'e [Expr], context: Context) -> Eval<Cow<'e, str>> {
        if function == Function::String {
            return self.arg(args, 0, context);
        }
        if function == Function::Concat {
            return self.concat(args, context);
        }
        let first = self.scanned(args, 0, context)?;
        Ok(match function {
            Function::NormalizeSpace => text::normalize_space(first),
            Function::LowerCase => Cow::Owned(first.to_lowercase()),
            Function::UpperCase => Cow::Owned(first.to_uppercase()),
            Function::SubstringBefore => text::before(first, &self.scanned(args, 1, context)?),
            Function::SubstringAfter => text::after(first, &self.scanned(args, 1, context)?),
            Function::Substring => {
                let start = self.numeric(args, 1, context)?;
                let length = if args.len() > 2 { Some(self.numeric(args, 2, context)?) } else { None };
                text::substring(first, start, length)
            }
            Function::Translate => {
                let (from, to) = (self.scanned(args, 1, context)?, self.scanned(args, 2, context)?);
                text::translate(first, &from, &to)
            }
            _ => first,
        })
    }

    /// An argument as text; the context node's, where the first one is left out.
    fn arg(&self, args: &'e [Expr], index: usize, context: Context) -> Eval<Cow<'e, str>> {
        match args.get(index) {
            Some(arg) => self.text(arg, context),
            None => Ok(Cow::Borrowed(context.node.text(self.tree))),
        }
    }

    /// An argument as text that is going to be read from end to end.
    fn scanned(&self, args: &'e [Expr], index: usize, context: Context) -> Eval<Cow<'e, str>> {
        let text = self.arg(args, index, context)?;
        self.pay_reading(text.len())?;
        Ok(text)
    }

    fn numeric(&self, args: &'e [Expr], index: usize, context: Context) -> Eval<f64> {
        match args.get(index) {
            Some(arg) => self.number(arg, context),
            None => self.parse(context.node.text(self.tree)),
        }
    }

    fn truth(&self, args: &'e [Expr], context: Context) -> Eval<bool> {
        args.first().map_or(Ok(false), |arg| self.boolean(arg, context))
    }

    fn set(&self, args: &'e [Expr], context: Context) -> Eval<Nodes> {
        args.first().map_or(Ok(Nodes::new()), |arg| self.nodes(arg, context))
    }

    fn holds(&self, function: Function, args: &'e [Expr], context: Context) -> Eval<bool> {
        let text = self.arg(args, 0, context)?;
        let wanted = self.arg(args, 1, context)?;
        match function {
            Function::StartsWith => Ok(text.starts_with(&*wanted)),
            Function::EndsWith => Ok(text.ends_with(&*wanted)),
            _ => {
                self.pay_text(text.len())?;
                Ok(text::find(&text, &wanted).is_some())
            }
        }
    }

    fn sum(&self, args: &'e [Expr], context: Context) -> Eval<f64> {
        let mut sum = 0.0;
        for node in self.set(args, context)? {
            sum += self.parse(node.text(self.tree))?;
        }
        Ok(sum)
    }

    fn name(&self, args: &'e [Expr], context: Context) -> Eval<&'e str> {
        let node = match args.first() {
            Some(arg) => self.first(arg, context)?,
            None => Some(context.node),
        };
        Ok(node.map_or("", |node| node.name(self.tree)))
    }

    fn concat(&self, args: &'e [Expr], context: Context) -> Eval<Cow<'e, str>> {
        let mut result = String::new();
        for arg in args {
            let text = self.text(arg, context)?;
            self.pay_text(text.len())?;
            if result.len() + text.len() > MAX_TEXT {
                return Err(Box::new(QueryError::Evaluation {
                    query: self.program.written.clone(),
                    message: format!("concat() made a text of more than {MAX_TEXT} bytes"),
                }));
            }
            result.push_str(&text);
        }
        Ok(Cow::Owned(result))
    }

    /// Whether the nearest language given above (`xml:lang` or `lang`) is this one or a kind of it.
    fn lang(&self, wanted: &str, context: Context) -> Eval<bool> {
        let tree = self.tree;
        let mut element = Some(self.home(context.node));
        while let Some(node) = element {
            self.pay(1)?;
            let mut found = None;
            for attr in tree.attrs(node) {
                match &**tree.attr_name(attr) {
                    "xml:lang" => found = Some(attr),
                    "lang" => found = found.or(Some(attr)),
                    _ => {}
                }
            }
            if let Some(attr) = found {
                let language = tree.attr_value(attr);
                let kind =
                    language.get(wanted.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
                let same =
                    language.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted));
                return Ok(kind && same);
            }
            element = tree.parent(node);
        }
        Ok(false)
    }

    /// The elements with these ids; of several with the same id the first.
    fn id(&self, args: &'e [Expr], context: Context) -> Eval<Nodes> {
        let mut lists: Vec<Cow<'e, str>> = vec![];
        if let Some(arg) = args.first() {
            if arg.kind() == Type::Nodes {
                for node in self.nodes(arg, context)? {
                    lists.push(Cow::Borrowed(node.text(self.tree)));
                }
            } else {
                lists.push(self.text(arg, context)?);
            }
        }
        let mut wanted: HashSet<&str> = HashSet::new();
        for list in &lists {
            self.pay_reading(list.len())?;
            wanted.extend(list.split(number::is_space).filter(|id| !id.is_empty()));
        }
        let (tree, mut found, mut visited) = (self.tree, Nodes::new(), 1);
        for node in 0..tree.len() {
            if wanted.is_empty() {
                break;
            }
            visited += 1;
            let attrs = tree.attrs(node).find(|attr| &**tree.attr_name(*attr) == "id");
            if attrs.is_some_and(|attr| wanted.remove(tree.attr_value(attr))) {
                found.push(XNode::Node(node));
            }
        }
        self.pay(visited)?;
        Ok(found)
    }
}
