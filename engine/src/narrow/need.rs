//! What of a column's values is used, and the type that is left of it.

use std::collections::{BTreeMap, HashMap};
use std::mem::take;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Need {
    #[default]
    Nothing,
    /// Whether a value is null, and how long a list is.
    Shape,
    /// Some fields of a struct.
    Fields(BTreeMap<String, Need>),
    /// Something of each item of a list.
    Items(Box<Need>),
    Whole,
}

impl Need {
    pub fn items(self) -> Need {
        Need::Items(Box::new(self))
    }

    pub fn field(self, name: &str) -> Need {
        Need::Fields(BTreeMap::from([(name.to_string(), self)]))
    }

    pub fn or_shape(self) -> Need {
        if self == Need::Nothing { Need::Shape } else { self }
    }

    pub fn add(&mut self, other: Need) {
        use Need::*;
        *self = match (take(self), other) {
            (Nothing, need) | (need, Nothing) => need,
            (Shape, need) | (need, Shape) => need,
            (Items(mut a), Items(b)) => {
                a.add(*b);
                Items(a)
            }
            (Fields(mut a), Fields(b)) => {
                b.into_iter().for_each(|(name, need)| a.entry(name).or_default().add(need));
                Fields(a)
            }
            _ => Whole,
        }
    }
}

// ---- of expressions ----

/// Adds to `needs`, one for each column of `schema`, what `expr` uses when `need` of its own value is used. A value that nobody looks at is
/// computed all the same, so its columns have to be there.
pub fn add_needs(needs: &mut [Need], schema: &DFSchema, expr: &Expr, need: Need) {
    let mut need = Some(need); // of `expr`; of what lies deeper all is used
    let _ = expr.apply(|expr| {
        let need = need.take().unwrap_or(Need::Whole);
        if let Some(parts) = parts(expr, &need) {
            parts.into_iter().for_each(|(part, need)| add_needs(needs, schema, part, need));
            return Ok(TreeNodeRecursion::Jump);
        }
        if let Expr::Column(column) | Expr::OuterReferenceColumn(_, column) = expr
            && let Some(i) = schema.maybe_index_of_column(column)
        {
            needs[i].add(need.or_shape());
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

/// What an expression uses of each of its parts. None: all of it.
fn parts<'a>(expr: &'a Expr, need: &Need) -> Option<Vec<(&'a Expr, Need)>> {
    match expr {
        Expr::Alias(alias) => Some(vec![(&alias.expr, need.clone())]),
        Expr::IsNull(value) | Expr::IsNotNull(value) => Some(vec![(value, Need::Shape)]),
        Expr::ScalarFunction(function) => {
            let first = need_of_first_arg(function, need)?;
            Some(first_and_others(&function.args, first, []))
        }
        Expr::AggregateFunction(function) if function.func.name() == "count" && !function.params.distinct => {
            let p = &function.params;
            let others = p.filter.iter().map(Box::as_ref).chain(p.order_by.iter().map(|s| &s.expr));
            Some(first_and_others(&p.args, Need::Shape, others))
        }
        Expr::WindowFunction(function) if function.fun.name() == "count" && !function.params.distinct => {
            let p = &function.params;
            let others = p.filter.iter().map(Box::as_ref).chain(&p.partition_by).chain(p.order_by.iter().map(|s| &s.expr));
            Some(first_and_others(&p.args, Need::Shape, others))
        }
        // what a subquery takes of the row around it; its own plan is another
        Expr::Exists(test) => Some(all(&test.subquery.outer_ref_columns, None)),
        Expr::ScalarSubquery(subquery) => Some(all(&subquery.outer_ref_columns, None)),
        Expr::InSubquery(test) => Some(all(&test.subquery.outer_ref_columns, Some(&test.expr))),
        Expr::SetComparison(test) => Some(all(&test.subquery.outer_ref_columns, Some(&test.expr))),
        _ => None,
    }
}

fn all<'a>(columns: &'a [Expr], more: Option<&'a Expr>) -> Vec<(&'a Expr, Need)> {
    columns.iter().chain(more).map(|expr| (expr, Need::Whole)).collect()
}

fn first_and_others<'a>(args: &'a [Expr], first: Need, others: impl IntoIterator<Item = &'a Expr>) -> Vec<(&'a Expr, Need)> {
    let needs = std::iter::once(first).chain(std::iter::repeat(Need::Whole));
    args.iter().zip(needs).chain(others.into_iter().map(|expr| (expr, Need::Whole))).collect()
}

/// Of functions that look at no more of their first argument than this.
fn need_of_first_arg(function: &ScalarFunction, need: &Need) -> Option<Need> {
    match function.func.name() {
        "array_length" | "cardinality" | "empty" | "arrow_metadata" => Some(Need::Shape),
        "array_element" => Some(need.clone().items()),
        "array_slice" => Some(need.clone()),
        "get_field" => {
            // get_field(base, 'a', 'b') is base.a.b; the key of a map is a name too, but maps stay whole
            let names = function.args[1..].iter().map(|arg| arg.as_literal().and_then(|v| v.try_as_str().flatten()));
            let names = names.collect::<Option<Vec<_>>>()?;
            Some(names.into_iter().rev().fold(need.clone(), |need, name| need.field(name)))
        }
        _ => None,
    }
}

// ---- of types ----

/// Compressed bytes of the leaves of a table, by path ("code_objects[].name"), as one of its files has them.
pub type LeafSizes = HashMap<String, u64>;

/// Narrows types. Where no leaf of a struct is used one of them has to stay, to tell where the struct is null and how long the
/// lists around it are: the smallest.
#[derive(Default)]
pub struct Narrower<'a> {
    pub sizes: Option<&'a LeafSizes>,
    /// Set when there was a choice.
    pub chose: bool,
}

impl Narrower<'_> {
    pub fn kind(&mut self, kind: &DataType, need: &Need, path: &str) -> DataType {
        match (kind, need) {
            (DataType::List(item), Need::Items(need)) => DataType::List(self.item(item, need, path)),
            (DataType::LargeList(item), Need::Items(need)) => DataType::LargeList(self.item(item, need, path)),
            (DataType::List(item), Need::Nothing | Need::Shape) => DataType::List(self.item(item, &Need::Nothing, path)),
            (DataType::LargeList(item), Need::Nothing | Need::Shape) => DataType::LargeList(self.item(item, &Need::Nothing, path)),
            (DataType::Struct(fields), Need::Nothing | Need::Shape) => DataType::Struct(self.any_field(fields, path)),
            (DataType::Struct(fields), Need::Fields(needs)) => {
                let used = fields.iter().filter_map(|f| Some(self.field(f, needs.get(f.name())?, &join(path, f.name()))));
                let used: Fields = used.collect();
                DataType::Struct(if used.is_empty() { self.any_field(fields, path) } else { used })
            }
            _ => kind.clone(), // the reader prunes nothing below a map, nor a list of another kind
        }
    }

    pub fn field(&mut self, field: &FieldRef, need: &Need, path: &str) -> FieldRef {
        let kind = self.kind(field.data_type(), need, path);
        if &kind == field.data_type() { field.clone() } else { Arc::new(field.as_ref().clone().with_data_type(kind)) }
    }

    fn item(&mut self, item: &FieldRef, need: &Need, path: &str) -> FieldRef {
        self.field(item, need, &format!("{path}[]"))
    }

    fn any_field(&mut self, fields: &Fields, path: &str) -> Fields {
        self.chose |= fields.len() > 1;
        let smallest = fields.iter().min_by_key(|f| self.cost(f.data_type(), &join(path, f.name())));
        smallest.map(|f| self.field(f, &Need::Nothing, &join(path, f.name()))).into_iter().collect()
    }

    /// Of the leaf that would stay: lists that it lies in, its size, how large such values tend to be.
    fn cost(&self, kind: &DataType, path: &str) -> (usize, u64, u8) {
        match kind {
            DataType::Struct(fields) => {
                fields.iter().map(|f| self.cost(f.data_type(), &join(path, f.name()))).min().unwrap_or((usize::MAX, 0, 0))
            }
            DataType::List(item) | DataType::LargeList(item) => {
                let (depth, size, class) = self.cost(item.data_type(), &format!("{path}[]"));
                (depth.saturating_add(1), size, class)
            }
            DataType::Boolean => (0, self.size(path), 0),
            kind if kind.is_primitive() => (0, self.size(path), 1),
            kind if kind.is_nested() => (usize::MAX, 0, 0),
            _ => (0, self.size(path), 2),
        }
    }

    fn size(&self, path: &str) -> u64 {
        // what no file is known to have comes after what one has: read there, it would be null, and its lists too
        self.sizes.map_or(0, |sizes| sizes.get(path).copied().unwrap_or(u64::MAX))
    }
}

fn join(path: &str, name: &str) -> String {
    format!("{path}.{name}")
}

/// The leaves of a field, for people: "code_objects[].{code_id, instructions[].opname}".
pub fn leaves(field: &Field) -> String {
    let mut text = field.name().to_string();
    let mut kind = field.data_type();
    while let DataType::List(item) | DataType::LargeList(item) = kind {
        text.push_str("[]");
        kind = item.data_type();
    }
    if let DataType::Struct(fields) = kind {
        let inner = fields.iter().map(|f| leaves(f)).collect::<Vec<_>>().join(", ");
        text.push_str(&if fields.len() == 1 { format!(".{inner}") } else { format!(".{{{inner}}}") });
    }
    text
}
