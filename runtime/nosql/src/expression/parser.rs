//! Tokens into a tree.
//!
//! One function per group of rules of the grammar; binary operators climb by precedence. Programs like to write
//! `((a OR b) OR c)...`, so texts may be nested deeply; the stack grows with them, up to [`DEEPEST`].
//!
//! Precedence, high to low: `[]` and calls; unary `- + ~`; `* /`; `+ -`; `<< >>`; `&`; `^`; `|`; comparison and `IN`, which do
//! not associate; `NOT`; `AND`; `OR`.

use std::sync::Arc;

use super::functions::{Shape, shape_of};
use super::lexer::{Lexeme, Token, lexemes};
use super::syntax::{Action, Binary, Comparison, Form, Node, Place, Program, Target, Unary};
use super::{Attribute, Parameter};
use crate::error::{Error, ErrorName, Result};
use crate::limits::Limits;
use crate::name::{check_attribute, is_system};
use crate::value::Value;

/// How deep parentheses, calls, `NOT` and signs may stand in each other.
const DEEPEST: usize = 1000;

/// More than the stack that one level takes here, and what is added when less is left.
const STACK_OF_LEVEL: usize = 64 << 10;
const STACK_ADDED: usize = 1 << 20;

/// Words that name an attribute only in backquotes.
const RESERVED: [&str; 8] = ["and", "or", "not", "in", "set", "remove", "true", "false"];

/// `[ expr ]`.
pub(super) fn condition(text: &str, limits: &Limits) -> Result<Program> {
    let mut parser = Parser::new(text, limits)?;
    if parser.peek() != &Token::End {
        parser.program.condition = Some(parser.expression()?);
        parser.expect_end("the condition should end here")?;
    }
    Ok(parser.program)
}

/// `[ action { ";" action } [ ";" ] ]`.
pub(super) fn update(text: &str, limits: &Limits) -> Result<Program> {
    let mut parser = Parser::new(text, limits)?;
    while parser.peek() != &Token::End {
        let action = parser.action()?;
        parser.program.actions.push(action);
        if !parser.take(";") {
            parser.expect_end("actions are separated by `;`")?;
        }
    }
    Ok(parser.program)
}

struct Parser<'a> {
    lexemes: Vec<Lexeme>,
    next: usize,
    depth: usize,
    operators: usize,
    limits: &'a Limits,
    program: Program,
}

impl<'a> Parser<'a> {
    fn new(text: &str, limits: &'a Limits) -> Result<Self> {
        if text.len() > limits.expression_bytes {
            let why = format!("an expression has at most {} bytes, this one has {}", limits.expression_bytes, text.len());
            return Err(Error::parse(0, why));
        }
        let program = Program { text: text.to_owned(), value_bytes: limits.value_bytes, ..Program::default() };
        Ok(Self { lexemes: lexemes(text)?, next: 0, depth: 0, operators: 0, limits, program })
    }

    // Tokens.

    fn peek(&self) -> &Token {
        self.lexemes.get(self.next).map_or(&Token::End, |lexeme| &lexeme.token)
    }

    fn peek_second(&self) -> &Token {
        self.lexemes.get(self.next + 1).map_or(&Token::End, |lexeme| &lexeme.token)
    }

    /// Where the next token stands.
    fn at(&self) -> usize {
        self.lexemes.get(self.next).or(self.lexemes.last()).map_or(0, |lexeme| lexeme.at)
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// Steps over a symbol if it comes next.
    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == &Token::Symbol(symbol);
        self.next += usize::from(found);
        found
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.next += usize::from(found);
        found
    }

    fn error<T>(&self, why: impl Into<String>) -> Result<T> {
        Err(Error::parse(self.at(), why))
    }

    fn expect(&mut self, symbol: &'static str) -> Result<()> {
        match self.take(symbol) {
            true => Ok(()),
            false => self.error(format!("`{symbol}` is missing here")),
        }
    }

    fn expect_end(&self, why: &str) -> Result<()> {
        match self.peek() {
            Token::End => Ok(()),
            Token::Symbol("=") => self.error("`=` assigns; to compare, write `==`"),
            Token::Symbol("==" | "!=" | "<" | "<=" | ">" | ">=") => {
                self.error("comparisons do not follow each other; join them with AND")
            }
            Token::Word(word) if word.eq_ignore_ascii_case("in") => {
                self.error("IN does not follow a comparison; use parentheses")
            }
            _ => self.error(why),
        }
    }

    // Bounds.

    /// One level down.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.error(format!("nested more than {DEEPEST} levels deep"));
        }
        self.program.depth = self.program.depth.max(self.depth);
        let result = stacker::maybe_grow(STACK_OF_LEVEL, STACK_ADDED, || read(self));
        self.depth -= 1;
        result
    }

    fn operator(&mut self) -> Result<()> {
        self.operators += 1;
        match self.operators > self.limits.operators {
            true => self.error(format!("more than {} operators and calls", self.limits.operators)),
            false => Ok(()),
        }
    }

    // Updates.

    fn action(&mut self) -> Result<Action> {
        if self.take_keyword("remove") {
            return Ok(Action::Remove(self.target_name()?));
        }
        let deletes = self.is_keyword("delete") && self.peek_second() == &Token::Symbol("(");
        if deletes {
            self.next += 2;
            let name = self.target_name()?;
            self.expect(")")?;
            return Ok(Action::Remove(name));
        }
        self.take_keyword("set");
        let at = self.at();
        let name = self.target_name()?;
        let place = self.target_place()?;
        match self.peek() {
            Token::Symbol("==") => return self.error("`==` compares; to assign, write `=`"),
            _ => self.expect("=")?,
        }
        Ok(Action::Assign(Target { name, place, at }, self.expression()?))
    }

    fn target_place(&mut self) -> Result<Place> {
        if !self.take("[") {
            return Ok(Place::Whole);
        }
        self.operator()?;
        let (first, last) = self.bounds()?;
        Ok(match last {
            Some(last) => Place::Range(first, last),
            None => Place::Element(first),
        })
    }

    /// An attribute that is to be changed.
    fn target_name(&mut self) -> Result<Arc<str>> {
        let at = self.at();
        let name = self.attribute_name()?;
        if is_system(&name) {
            let why = format!("attribute {name} is kept by the store itself");
            return Err(Error::new(ErrorName::ReservedName, why).at(at));
        }
        Ok(name.into())
    }

    // Boolean rules.

    fn expression(&mut self) -> Result<Node> {
        self.nested(Self::disjunction)
    }

    fn disjunction(&mut self) -> Result<Node> {
        let at = self.at();
        let first = self.conjunction()?;
        Ok(match self.is_keyword("or") {
            false => first,
            true => {
                let mut all = vec![first];
                while self.take_keyword("or") {
                    self.operator()?;
                    all.push(self.conjunction()?);
                }
                Node { form: Form::Or(all), at }
            }
        })
    }

    fn conjunction(&mut self) -> Result<Node> {
        let at = self.at();
        let first = self.negation()?;
        if !self.is_keyword("and") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take_keyword("and") {
            self.operator()?;
            all.push(self.negation()?);
        }
        Ok(Node { form: Form::And(all), at })
    }

    fn negation(&mut self) -> Result<Node> {
        let at = self.at();
        if !self.take_keyword("not") {
            return self.comparison();
        }
        self.operator()?;
        let inner = self.nested(Self::negation)?;
        Ok(Node { form: Form::Not(Box::new(inner)), at })
    }

    fn comparison(&mut self) -> Result<Node> {
        let left = self.chain(0)?;
        let at = self.at();
        if self.take_keyword("in") {
            self.operator()?;
            return Ok(Node { form: Form::In(Box::new(left), self.members()?), at });
        }
        let comparison = match self.peek() {
            Token::Symbol("==") => Comparison::Equal,
            Token::Symbol("!=") => Comparison::NotEqual,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.operator()?;
        self.next += 1;
        let right = self.chain(0)?;
        Ok(Node { form: Form::Compare(comparison, Box::new((left, right))), at })
    }

    fn members(&mut self) -> Result<Vec<Node>> {
        self.expect("(")?;
        let mut members = vec![self.expression()?];
        while self.take(",") {
            if members.len() == self.limits.in_members {
                return self.error(format!("IN has at most {} members", self.limits.in_members));
            }
            members.push(self.expression()?);
        }
        self.expect(")")?;
        Ok(members)
    }

    // Arithmetic.

    /// Operators of this level and tighter ones, left to right.
    fn chain(&mut self, loosest: u8) -> Result<Node> {
        let mut left = self.unary()?;
        while let Some(level) = binary(self.peek()).map(|(_, level)| level).filter(|level| *level >= loosest) {
            let at = self.at();
            let mut rest = Vec::new();
            while let Some((operator, _)) = binary(self.peek()).filter(|(_, next)| *next == level) {
                self.operator()?;
                self.next += 1;
                rest.push((operator, self.chain(level + 1)?));
            }
            left = Node { form: Form::Chain(Box::new(left), rest), at };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node> {
        let at = self.at();
        let sign = match self.peek() {
            Token::Symbol("-") => Unary::Minus,
            Token::Symbol("+") => Unary::Plus,
            Token::Symbol("~") => Unary::Complement,
            _ => return self.primary(),
        };
        self.next += 1;
        if sign == Unary::Minus
            && let Some(value) = self.negative_literal()
        {
            return Ok(Node { form: Form::Literal(value), at });
        }
        self.operator()?;
        let inner = self.nested(Self::unary)?;
        Ok(Node { form: Form::Unary(sign, Box::new(inner)), at })
    }

    /// A number or timestamp behind a minus: the only way to write the smallest int64 and times before 1970.
    fn negative_literal(&mut self) -> Option<Value> {
        let value = match *self.peek() {
            Token::Int(number) => Value::Int(0i64.checked_sub_unsigned(number)?),
            Token::Double(number) => Value::Double(-number),
            Token::Timestamp(secs, nanos) => Value::Timestamp { secs: 0i64.checked_sub_unsigned(secs)?, nanos },
            _ => return None,
        };
        self.next += 1;
        Some(value)
    }

    fn primary(&mut self) -> Result<Node> {
        let at = self.at();
        if self.take("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let Some(value) = self.literal()? {
            return Ok(Node { form: Form::Literal(value), at });
        }
        if let Token::Parameter(name) = self.peek() {
            let name = name.clone();
            self.next += 1;
            return Ok(Node { form: Form::Parameter(self.parameter_slot(&name, at)), at });
        }
        let calls = matches!(self.peek(), Token::Word(_)) && self.peek_second() == &Token::Symbol("(");
        if calls { self.call() } else { self.attribute() }
    }

    fn literal(&mut self) -> Result<Option<Value>> {
        let too_large = "the integer does not fit 64 bits";
        let value = match self.peek() {
            Token::Int(number) => match i64::try_from(*number) {
                Ok(number) => Value::Int(number),
                Err(_) => return self.error(too_large),
            },
            Token::Timestamp(secs, nanos) => match i64::try_from(*secs) {
                Ok(secs) => Value::Timestamp { secs, nanos: *nanos },
                Err(_) => return self.error(too_large),
            },
            Token::Double(number) => Value::Double(*number),
            Token::Str(text) => Value::Str(text.clone()),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Value::Bool(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Value::Bool(false),
            _ => return Ok(None),
        };
        self.next += 1;
        Ok(Some(value))
    }

    fn attribute(&mut self) -> Result<Node> {
        let at = self.at();
        let slot = self.attribute_slot()?;
        if !self.take("[") {
            return Ok(Node { form: Form::Attribute(slot), at });
        }
        self.operator()?;
        let form = match self.bounds()? {
            (first, Some(last)) => Form::Range(slot, Box::new((first, last))),
            (index, None) => Form::Element(slot, Box::new(index)),
        };
        Ok(Node { form, at })
    }

    /// `expr [ ".." expr ] "]"`.
    fn bounds(&mut self) -> Result<(Node, Option<Node>)> {
        let first = self.expression()?;
        let last = if self.take("..") { Some(self.expression()?) } else { None };
        self.expect("]")?;
        Ok((first, last))
    }

    fn call(&mut self) -> Result<Node> {
        let at = self.at();
        let name = match self.advance() {
            Token::Word(name) => name.to_ascii_lowercase(),
            _ => String::new(),
        };
        self.operator()?;
        self.next += 1; // the parenthesis
        let Some((shape, counts)) = shape_of(&name) else {
            let why = match RESERVED.contains(&name.as_str()) {
                true => format!("`{name}` cannot stand here"),
                false => format!("there is no function `{name}`"),
            };
            return Err(Error::parse(at, why));
        };
        let form = match shape {
            Shape::Exists => Form::Exists(self.attribute_slot()?),
            Shape::IfNotExists => {
                let slot = self.attribute_slot()?;
                self.expect(",")?;
                Form::IfNotExists(slot, Box::new(self.expression()?))
            }
            Shape::IfElse => {
                let condition = self.expression()?;
                self.expect(",")?;
                let yes = self.expression()?;
                self.expect(",")?;
                Form::IfElse(Box::new((condition, yes, self.expression()?)))
            }
            Shape::Plain(function) => {
                let arguments = self.arguments()?;
                if !counts.contains(&arguments.len()) {
                    let why = format!("`{name}` takes {}, not {}", said_counts(counts), arguments.len());
                    return Err(Error::parse(at, why));
                }
                function.check_literals(&arguments).map_err(|why| Error::parse(at, why))?;
                Form::Call(function, arguments)
            }
        };
        match self.take(")") {
            true => Ok(Node { form, at }),
            false if self.peek() == &Token::Symbol(",") => self.error(format!("`{name}` takes {}", said_counts(counts))),
            false => self.error("`)` is missing here"),
        }
    }

    /// Expressions up to the closing parenthesis, which stays.
    fn arguments(&mut self) -> Result<Vec<Node>> {
        let mut all = Vec::new();
        if self.peek() == &Token::Symbol(")") {
            return Ok(all);
        }
        loop {
            all.push(self.expression()?);
            if !self.take(",") {
                return Ok(all);
            }
        }
    }

    // Names.

    fn attribute_name(&mut self) -> Result<String> {
        let at = self.at();
        match self.peek() {
            Token::Word(word) if RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) => {
                self.error(format!("`{word}` is reserved; as the name of an attribute it stands in backquotes"))
            }
            Token::Word(name) | Token::Quoted(name) => {
                let name = name.clone();
                check_attribute(&name).map_err(|error| error.at(at))?;
                self.next += 1;
                Ok(name)
            }
            Token::End => self.error("the expression ends too early"),
            _ => self.error("a value or the name of an attribute should stand here"),
        }
    }

    fn attribute_slot(&mut self) -> Result<usize> {
        let name = self.attribute_name()?;
        let known = &mut self.program.attributes;
        let slot = known.iter().position(|attribute| *attribute.name == *name);
        Ok(slot.unwrap_or_else(|| {
            let system = is_system(&name);
            known.push(Attribute { name: name.into(), slot: known.len(), system });
            known.len() - 1
        }))
    }

    fn parameter_slot(&mut self, name: &str, at: usize) -> usize {
        let known = &mut self.program.parameters;
        known.iter().position(|parameter| *parameter.name == *name).unwrap_or_else(|| {
            known.push(Parameter { name: name.into(), position: at });
            known.len() - 1
        })
    }
}

fn said_counts(counts: &[usize]) -> String {
    let said: Vec<String> = counts.iter().map(usize::to_string).collect();
    format!("{} argument{}", said.join(" or "), if counts == [1] { "" } else { "s" })
}

/// A binary operator and its level, 0 the loosest.
fn binary(token: &Token) -> Option<(Binary, u8)> {
    let Token::Symbol(symbol) = token else { return None };
    Some(match *symbol {
        "|" => (Binary::BitOr, 0),
        "^" => (Binary::BitXor, 1),
        "&" => (Binary::BitAnd, 2),
        "<<" => (Binary::ShiftLeft, 3),
        ">>" => (Binary::ShiftRight, 3),
        "+" => (Binary::Add, 4),
        "-" => (Binary::Subtract, 4),
        "*" => (Binary::Multiply, 5),
        "/" => (Binary::Divide, 5),
        _ => return None,
    })
}
