//! SQL of a caller before it is planned: how deep it can nest, and whether it only asks.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::{Error, PLAN, REFUSED, Result};

/// "1+1+1+...": each operator is a level of the tree, and trees are walked by recursion. The stack of a worker (watch.rs) is good for
/// several times as many.
const MOST_LEVELS: usize = 4000;

pub fn parse(state: &SessionState, sql: &str) -> Result<Statement> {
    check_levels(sql)?;
    Ok(state.sql_to_statement(sql, &state.config_options().sql_parser.dialect)?)
}

/// The plan of a statement; a read-only session is refused all that is no question about its tables.
pub async fn plan(state: &SessionState, sql: &str, read_only: bool) -> Result<LogicalPlan> {
    let statement = parse(state, sql)?;
    if read_only && !is_question(&statement) {
        return Err(refused(&first_words(sql)));
    }
    let plan = state.statement_to_plan(statement).await?;
    if read_only {
        check_plan(&plan)?;
    }
    Ok(plan)
}

/// Counts what can make a tree deeper: operators, keywords, and commas behind names (FROM a, b). Not the items of a list.
fn check_levels(sql: &str) -> Result<()> {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else { return Ok(()) }; // the parser says what is wrong
    let mut n = 0;
    let mut after_name = false;
    for token in &tokens {
        match token {
            Token::Whitespace(_) => continue,
            Token::Word(word) => n += (word.keyword != Keyword::NoKeyword) as usize,
            Token::Comma => n += after_name as usize,
            Token::Number(..) | Token::SingleQuotedString(_) | Token::Period | Token::LParen | Token::RParen => {}
            Token::LBracket | Token::RBracket | Token::SemiColon | Token::EOF => {}
            _ => n += 1,
        }
        after_name = matches!(token, Token::Word(_));
    }
    if n <= MOST_LEVELS {
        return Ok(());
    }
    let text = format!("a statement of {n} operators and keywords, at most {MOST_LEVELS} are planned; a long chain of OR can be an IN (...)");
    Err(Error::new(PLAN, text))
}

fn is_question(statement: &Statement) -> bool {
    match statement {
        Statement::Explain(explain) => is_question(&explain.statement),
        Statement::Statement(sql) => is_sql_question(sql),
        _ => false,
    }
}

fn is_sql_question(sql: &Sql) -> bool {
    match sql {
        Sql::Explain { statement, .. } => is_sql_question(statement),
        Sql::Query(_) | Sql::ExplainTable { .. } => true,
        Sql::ShowTables { .. } | Sql::ShowColumns { .. } | Sql::ShowVariable { .. } | Sql::ShowFunctions { .. } | Sql::ShowCreate { .. } => true,
        _ => false,
    }
}

/// What a query can hide: SELECT INTO, a statement inside of EXPLAIN or of WITH.
fn check_plan(plan: &LogicalPlan) -> Result<()> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        found = match node {
            LogicalPlan::Ddl(ddl) => Some(ddl.name().to_string()),
            LogicalPlan::Dml(dml) => Some(dml.op.to_string()),
            LogicalPlan::Statement(statement) => Some(statement.name().to_string()),
            LogicalPlan::Copy(_) => Some("COPY".to_string()),
            LogicalPlan::Extension(node) => Some(node.node.name().to_string()),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        Ok(TreeNodeRecursion::Stop)
    })?;
    found.map_or(Ok(()), |what| Err(refused(&what)))
}

fn refused(what: &str) -> Error {
    let text = format!("{what} is refused: only questions are answered here (SELECT, SHOW, DESCRIBE, EXPLAIN); --allow-write runs it (allow_write in a profile)");
    Error::new(REFUSED, text)
}

/// "CREATE EXTERNAL", also behind EXPLAIN ANALYZE
fn first_words(sql: &str) -> String {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let words = tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_))).map_while(|t| match t {
        Token::Word(word) if word.keyword != Keyword::NoKeyword => Some(word.value.to_uppercase()),
        _ => None,
    });
    words.skip_while(|w| ["EXPLAIN", "ANALYZE", "VERBOSE"].contains(&w.as_str())).take(2).collect::<Vec<_>>().join(" ")
}
