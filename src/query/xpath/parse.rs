//! Reads an expression: XPath 1.0's grammar by recursive descent.
//!
//! Knows the grammar, what was expected where something else stands, and the types that functions and
//! predicates need. Leaves speed to `optimise`. Nesting is limited, so that no query can exhaust the stack
//! here, in the evaluator or when it is dropped.

use html5ever::LocalName;

use crate::query::xpath::case::Case;
use crate::query::xpath::expr::Arithmetic;
use crate::query::xpath::expr::Axis;
use crate::query::xpath::expr::Compare;
use crate::query::xpath::expr::Comparison;
use crate::query::xpath::expr::Expr;
use crate::query::xpath::expr::NodeTest;
use crate::query::xpath::expr::Path;
use crate::query::xpath::expr::Predicate;
use crate::query::xpath::expr::Start;
use crate::query::xpath::expr::Step;
use crate::query::xpath::function;
use crate::query::xpath::function::Function;
use crate::query::xpath::program::Piece;
use crate::query::xpath::program::Program;
use crate::query::xpath::source::Source;
use crate::query::xpath::token;
use crate::query::xpath::token::LexError;
use crate::query::xpath::token::Lexeme;
use crate::query::xpath::token::Token;
use crate::query::xpath::value_type::Type;

/// Deepest nesting of `(…)`, `[…]` and function calls.
const MAX_DEPTH: usize = 64;

const NODE_TYPES: [&str; 4] = ["text", "node", "comment", "processing-instruction"];
const EQUALITY: [(&str, Comparison); 2] = [("=", Comparison::Equal), ("!=", Comparison::NotEqual)];
const ORDER: [(&str, Comparison); 4] = [
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];
const SUMS: [(&str, Arithmetic); 2] = [("+", Arithmetic::Add), ("-", Arithmetic::Subtract)];
const PRODUCTS: [(&str, Arithmetic); 3] =
    [(token::TIMES, Arithmetic::Multiply), ("div", Arithmetic::Divide), ("mod", Arithmetic::Remainder)];

/// Why there is no expression.
#[derive(Debug)]
pub(super) enum Failure {
    /// Wrong at this offset of the source.
    Syntax { at: usize, message: String },
    /// A placeholder stands where its value decides how the rest is to be read.
    Undecided,
}

type Parsed<T> = Result<T, Failure>;

pub(super) struct Parser<'s> {
    source: &'s Source,
    case: Case,
    lexemes: Vec<Lexeme>,
    at: usize,
    depth: usize,
    joined: Vec<Vec<Piece>>,
    bare: Vec<usize>,
}

impl<'s> Parser<'s> {
    pub(super) fn parse(source: &'s Source, case: Case) -> Parsed<Program> {
        let lexemes = token::tokens(source, case).map_err(|error| match error {
            LexError::Text(at, message) => Failure::Syntax { at, message },
            LexError::Glued => Failure::Undecided,
        })?;
        let mut parser = Self { source, case, lexemes, at: 0, depth: 0, joined: vec![], bare: vec![] };
        let root = parser.expr()?;
        if parser.token() != Token::End {
            return Err(parser.expected("an operator or the end"));
        }
        let written = source.written().to_owned();
        Ok(Program { root, written, joined: parser.joined, bare: parser.bare, weight: 1 })
    }

    fn peek(&self, ahead: usize) -> Token {
        self.lexemes.get(self.at + ahead).map_or(Token::End, |lexeme| lexeme.token)
    }

    fn token(&self) -> Token {
        self.peek(0)
    }

    /// Offset of the token that comes next.
    fn place(&self) -> usize {
        self.lexemes.get(self.at).map_or(self.source.text().len(), |lexeme| lexeme.at)
    }

    fn is(&self, symbol: &str) -> bool {
        self.is_ahead(0, symbol)
    }

    fn is_ahead(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.peek(ahead), Token::Symbol(found) if found == symbol)
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, symbol: &str, after: &str) -> Parsed<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.expected(&format!("`{symbol}` {after}"))) }
    }

    fn one_of<T: Copy>(&mut self, operators: &[(&str, T)]) -> Option<T> {
        let found = operators.iter().find(|(symbol, _)| self.is(symbol)).map(|(_, operator)| *operator);
        self.at += usize::from(found.is_some());
        found
    }

    fn slice(&self, from: usize, to: usize) -> &'s str {
        &self.source.text()[from..to]
    }

    fn error<T>(at: usize, message: impl Into<String>) -> Parsed<T> {
        Err(Failure::Syntax { at, message: message.into() })
    }

    fn expected(&self, what: &str) -> Failure {
        let found = match self.token() {
            Token::Var(_) => return Failure::Undecided,
            Token::End => "the end".to_owned(),
            Token::Symbol(token::TIMES) => "`*`".to_owned(),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::Name(from, to) => format!("`{}`", self.slice(from, to)),
            Token::Prefix(from, to) => format!("`{}*`", self.slice(from, to)),
            Token::Number(number) => format!("the number {number}"),
            Token::Literal(..) => "a text".to_owned(),
        };
        Failure::Syntax { at: self.place(), message: format!("expected {what}, found {found}") }
    }

    fn expr(&mut self) -> Parsed<Expr> {
        if self.depth == MAX_DEPTH {
            return Self::error(self.place(), format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let expr = self.list("or", Expr::Or, |parser| {
            parser.list("and", Expr::And, |parser| {
                parser.comparison(&EQUALITY, |parser| {
                    parser.comparison(&ORDER, |parser| {
                        parser.arithmetic(&SUMS, |parser| parser.arithmetic(&PRODUCTS, Self::negation))
                    })
                })
            })
        })?;
        self.depth -= 1;
        Ok(expr)
    }

    fn list(
        &mut self,
        word: &str,
        make: fn(Vec<Expr>) -> Expr,
        part: impl Fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let first = part(self)?;
        if !self.is(word) {
            return Ok(first);
        }
        let mut list = vec![first];
        while self.eat(word) {
            list.push(part(self)?);
        }
        Ok(make(list))
    }

    fn comparison(
        &mut self,
        operators: &[(&str, Comparison)],
        part: impl Fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let left = part(self)?;
        let Some(op) = self.one_of(operators) else { return Ok(left) };
        let mut compare = Compare { op, left, right: part(self)?, more: vec![] };
        while let Some(op) = self.one_of(operators) {
            compare.more.push((op, part(self)?));
        }
        Ok(Expr::Compare(Box::new(compare)))
    }

    fn arithmetic(
        &mut self,
        operators: &[(&str, Arithmetic)],
        part: impl Fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let first = part(self)?;
        let mut rest = vec![];
        while let Some(op) = self.one_of(operators) {
            rest.push((op, part(self)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Arithmetic(Box::new(first), rest) })
    }

    fn negation(&mut self) -> Parsed<Expr> {
        let mut signs = 0;
        while self.eat("-") {
            signs += 1;
        }
        let expr = self.union()?;
        Ok(match signs {
            0 => expr,
            odd if odd % 2 == 1 => Expr::Negate(Box::new(expr)),
            _ => Expr::Negate(Box::new(Expr::Negate(Box::new(expr)))),
        })
    }

    fn union(&mut self) -> Parsed<Expr> {
        let at = self.place();
        let first = self.path()?;
        if !self.is("|") {
            return Ok(first);
        }
        need_nodes(&first, at, "`|` joins node-sets")?;
        let mut list = vec![first];
        while self.eat("|") {
            let at = self.place();
            let next = self.path()?;
            need_nodes(&next, at, "`|` joins node-sets")?;
            list.push(next);
        }
        Ok(Expr::Union(list))
    }

    fn path(&mut self) -> Parsed<Expr> {
        let at = self.place();
        if let Some(primary) = self.primary()? {
            return self.filtered(primary, at);
        }
        let mut steps = vec![];
        let start = if self.is("//") {
            Start::Document
        } else if self.eat("/") {
            if !self.at_step() {
                return Ok(Expr::Path(Box::new(Path { start: Start::Document, steps })));
            }
            steps.push(self.step("a step after `/`")?);
            Start::Document
        } else {
            steps.push(self.step("an expression")?);
            Start::Context
        };
        self.steps(&mut steps)?;
        Ok(Expr::Path(Box::new(Path { start, steps })))
    }

    /// What may follow an expression that is not a path: predicates, and steps from its nodes.
    fn filtered(&mut self, primary: Expr, at: usize) -> Parsed<Expr> {
        let mut expr = primary;
        let undecided = ["[", "/", "//", "|", "(", "::"].into_iter().any(|symbol| self.is(symbol));
        if matches!(expr, Expr::Bound(_)) && undecided {
            return Err(Failure::Undecided);
        }
        if self.is("[") {
            need_nodes(&expr, at, "a predicate `[…]` filters node-sets")?;
            expr = Expr::Filter(Box::new(expr), self.predicates()?);
        }
        if self.is("/") || self.is("//") {
            need_nodes(&expr, at, "`/` continues from node-sets")?;
            let mut steps = vec![];
            self.steps(&mut steps)?;
            expr = Expr::Path(Box::new(Path { start: Start::Nodes(expr), steps }));
        }
        Ok(expr)
    }

    fn primary(&mut self) -> Parsed<Option<Expr>> {
        let at = self.place();
        Ok(Some(match self.token() {
            Token::Number(number) => {
                self.at += 1;
                Expr::Number(number)
            }
            Token::Literal(from, to) => {
                self.at += 1;
                self.literal(from, to)
            }
            Token::Var(var) => {
                self.at += 1;
                self.bare.push(var);
                Expr::Bound(self.bare.len() - 1)
            }
            Token::Symbol("(") => {
                self.at += 1;
                let expr = self.expr()?;
                self.need(")", "or an operator")?;
                expr
            }
            Token::Symbol("$") => {
                return Self::error(at, "XPath variables have no values here, a placeholder is written %{…}");
            }
            Token::Name(from, to) if self.is_ahead(1, "(") && !self.is_node_type(self.slice(from, to)) => {
                self.at += 2;
                self.call(self.slice(from, to), at)?
            }
            _ => return Ok(None),
        }))
    }

    fn is_node_type(&self, name: &str) -> bool {
        NODE_TYPES.iter().any(|known| self.case.same(known, name))
    }

    fn literal(&mut self, from: usize, to: usize) -> Expr {
        let mut pieces = vec![];
        let mut start = from;
        for (at, var) in self.source.slots(from, to) {
            if start < *at {
                pieces.push(Piece::Text(self.slice(start, *at).into()));
            }
            pieces.push(Piece::Var(*var));
            start = at + 1;
        }
        if pieces.is_empty() {
            return Expr::Text(self.slice(from, to).into());
        }
        if start < to {
            pieces.push(Piece::Text(self.slice(start, to).into()));
        }
        self.joined.push(pieces);
        Expr::Joined(self.joined.len() - 1)
    }

    fn call(&mut self, name: &str, at: usize) -> Parsed<Expr> {
        let Some(function) = Function::named(name, self.case) else {
            let hint = match function::nearest(name, Function::names()) {
                Some(near) => format!("did you mean `{near}()`?"),
                None => "XPath 1.0 has no such function".to_owned(),
            };
            return Self::error(at, format!("unknown function `{name}()`; {hint}"));
        };
        let mut arguments = vec![];
        if !self.eat(")") {
            loop {
                let at = self.place();
                let argument = self.expr()?;
                if arguments.is_empty() && function.needs_nodes() {
                    need_nodes(&argument, at, &format!("{}() takes a node-set", function.name()))?;
                }
                arguments.push(argument);
                if self.eat(")") {
                    break;
                }
                self.need(",", "or `)`")?;
            }
        }
        match function.wrong_count(arguments.len()) {
            Some(message) => Self::error(at, message),
            None => Ok(Expr::Call(function, arguments)),
        }
    }

    fn at_step(&self) -> bool {
        match self.token() {
            Token::Name(..) | Token::Prefix(..) | Token::Var(_) => true,
            Token::Symbol(symbol) => matches!(symbol, "*" | "." | ".." | "@"),
            _ => false,
        }
    }

    /// The steps that follow, each after `/` or `//`.
    fn steps(&mut self, steps: &mut Vec<Step>) -> Parsed<()> {
        loop {
            if self.eat("//") {
                steps.push(plain(Axis::DescendantOrSelf, NodeTest::Node));
                steps.push(self.step("a step after `//`")?);
            } else if self.eat("/") {
                steps.push(self.step("a step after `/`")?);
            } else {
                return Ok(());
            }
        }
    }

    fn step(&mut self, expected: &str) -> Parsed<Step> {
        if self.eat(".") {
            return Ok(plain(Axis::Myself, NodeTest::Node));
        }
        if self.eat("..") {
            return Ok(plain(Axis::Parent, NodeTest::Node));
        }
        let (axis, test) = if self.eat("@") {
            (Axis::Attribute, self.node_test("an attribute name or `*` after `@`")?)
        } else if let (Token::Name(from, to), true) = (self.token(), self.is_ahead(1, "::")) {
            let axis = self.axis(self.slice(from, to))?;
            self.at += 2;
            (axis, self.node_test("a name, `*` or `text()` after `::`")?)
        } else {
            (Axis::Child, self.node_test(expected)?)
        };
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&self, word: &str) -> Parsed<Axis> {
        if let Some((_, axis)) = Axis::NAMES.iter().find(|(name, _)| self.case.same(name, word)) {
            return Ok(*axis);
        }
        let hint = function::nearest(word, Axis::NAMES.into_iter().map(|(name, _)| name))
            .map_or(String::new(), |near| format!("; did you mean `{near}::`?"));
        Self::error(self.place(), format!("unknown axis `{word}::`{hint}"))
    }

    fn node_test(&mut self, expected: &str) -> Parsed<NodeTest> {
        let at = self.place();
        let test = match self.token() {
            Token::Symbol("*") => NodeTest::Any,
            Token::Prefix(from, to) => NodeTest::Prefix(self.case.name(self.slice(from, to)).into()),
            Token::Name(from, to) => {
                let name = self.slice(from, to);
                if self.is_ahead(1, "(") {
                    self.at += 2;
                    return self.node_type(name, at);
                }
                NodeTest::Name(LocalName::from(self.case.name(name)))
            }
            _ => return Err(self.expected(expected)),
        };
        self.at += 1;
        Ok(test)
    }

    fn node_type(&mut self, name: &str, at: usize) -> Parsed<NodeTest> {
        let test = match NODE_TYPES.iter().find(|known| self.case.same(known, name)) {
            Some(&"text") => NodeTest::Text,
            Some(&"node") => NodeTest::Node,
            Some(&"comment") => NodeTest::Comment,
            Some(_) => {
                if matches!(self.token(), Token::Literal(..)) {
                    self.at += 1;
                }
                NodeTest::Nothing
            }
            None => {
                let message = format!(
                    "`{name}()` is not a step; a function takes the path as its argument: `{name}(path)`"
                );
                return Self::error(at, message);
            }
        };
        self.need(")", &format!("after `{name}(`"))?;
        Ok(test)
    }

    fn predicates(&mut self) -> Parsed<Vec<Predicate>> {
        let mut predicates = vec![];
        while self.eat("[") {
            predicates.push(Predicate::new(self.expr()?));
            self.need("]", "or an operator")?;
        }
        Ok(predicates)
    }
}

fn plain(axis: Axis, test: NodeTest) -> Step {
    Step { axis, test, predicates: vec![] }
}

fn need_nodes(expr: &Expr, at: usize, rule: &str) -> Parsed<()> {
    let found = match expr.kind() {
        Type::Nodes => return Ok(()),
        // The value may turn out to be a path.
        Type::Number if matches!(expr, Expr::Bound(_)) => return Err(Failure::Undecided),
        Type::Number => "a number",
        Type::Text => "a text",
        Type::Boolean => "a truth value",
    };
    Parser::error(at, format!("{rule}, this is {found}"))
}
