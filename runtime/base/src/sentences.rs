//! Our sentences for Spark's conditions. `<name>` stands for a parameter.
//!
//! A condition without a sentence of its own is said from its name and its parameters, so nothing is ever silent.
//! Not here: names, parameters and SQLSTATEs (`conditions`, generated from Spark's own list).

/// The sentence for `condition`, filled in.
pub(crate) fn sentence(condition: &str, parameters: &[(String, String)]) -> String {
    match SENTENCES.binary_search_by(|(name, _)| (*name).cmp(condition)) {
        Ok(at) => fill(SENTENCES[at].1, parameters),
        Err(_) => plain(condition, parameters),
    }
}

/// Puts each parameter in its place, once: what stands inside a value is never taken for a place. A place without a
/// parameter stays empty.
fn fill(template: &str, parameters: &[(String, String)]) -> String {
    let mut said = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        said.push_str(before);
        let Some((name, behind)) = after.split_once('>') else { break };
        said.extend(parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()));
        rest = behind;
    }
    said + rest
}

fn plain(condition: &str, parameters: &[(String, String)]) -> String {
    let mut said = condition.replace(['_', '.'], " ").to_lowercase();
    if !parameters.is_empty() {
        let list: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        said.push_str(&format!(" ({})", list.join(", ")));
    }
    said.push('.');
    said
}

/// Sorted by name.
#[rustfmt::skip]
const SENTENCES: &[(&str, &str)] = &[
    ("ALL_PARAMETERS_MUST_BE_NAMED", "The text names its parameters, so every value needs a name: `USING value AS name`. Without one: <exprs>."),
    ("ALL_PARTITION_COLUMNS_NOT_ALLOWED", "A table needs at least one column that is no partition column."),
    ("AMBIGUOUS_COLUMN_REFERENCE", "Column <name> comes from a DataFrame that was joined with itself, so it could be either side. Give each side an alias with `alias()` and name the column through it."),
    ("AMBIGUOUS_REFERENCE", "Reference <name> could be any of: <referenceNames>. Say which one by its table or alias."),
    ("AMBIGUOUS_REFERENCE_TO_FIELDS", "There are <count> fields that <field> could mean. Rename them so that one is left."),
    ("ARITHMETIC_OVERFLOW", "<message>: the result does not fit its type.<alternative> Or cast to a wider type first, or set <config> to \"false\"."),
    ("ASSIGNMENT_ARITY_MISMATCH", "<numTarget> names are given for <numExpr> columns. Give as many names as there are columns."),
    ("BINARY_ARITHMETIC_OVERFLOW", "<value1> <symbol> <value2> does not fit its type. Cast to a wider type first, or use <functionName> to get NULL instead."),
    ("CANNOT_MODIFY_CONFIG", "Setting <key> cannot be changed while Emberflow runs."),
    ("CANNOT_MODIFY_STATIC_CONFIG", "Setting <key> is fixed when the process starts. Give it to the session's builder instead."),
    ("CANNOT_PARSE_TIMESTAMP", "<message>. Use <func> to get NULL for text that does not fit."),
    ("CANNOT_RESOLVE_DATAFRAME_COLUMN", "Column <name> belongs to another DataFrame than the one it is used on. Join that DataFrame first, or name the column as text."),
    ("CANNOT_RESOLVE_STAR_EXPAND", "<targetString>.* finds no table or struct of that name. The columns here are: <columns>."),
    ("CAST_INVALID_INPUT", "The value <expression> of type <sourceType> cannot be read as <targetType>. Correct it, or use `try_cast` to get NULL instead."),
    ("CAST_OVERFLOW", "The value <value> of type <sourceType> is out of range for <targetType>. Use `try_cast` to get NULL instead."),
    ("CAST_OVERFLOW_IN_TABLE_INSERT", "A value of type <sourceType> does not fit column <columnName> of type <targetType>. Cast it with `try_cast` to insert NULL instead."),
    ("COLLATION_INVALID_NAME", "There is no collation <collationName>. Near to it: <proposals>. `SHOW COLLATIONS` lists all of them."),
    ("COLLATION_MISMATCH.EXPLICIT", "Different collations are asked for at once: <explicitTypes>. Say COLLATE once, for the whole."),
    ("COLUMN_ALREADY_EXISTS", "Column <columnName> is there more than once. Rename or drop one of them."),
    ("COLUMN_NOT_DEFINED_IN_TABLE", "The <colType> column <colName> is none of table <tableName>, which has: <tableCols>."),
    ("COLUMN_NOT_FOUND", "There is no column <colName>. Whether capitals matter is decided by <caseSensitiveConfig>."),
    ("CONNECT_INVALID_PLAN.CANNOT_PARSE", "The plan could not be decoded: <errorMsg>"),
    ("CONVERSION_INVALID_INPUT", "The text <str> does not follow <fmt>, so it cannot become <targetType>. <suggestion> gives NULL instead."),
    ("CREATE_PERMANENT_VIEW_WITHOUT_ALIAS", "Column <attr> of view <name> has no name. Give it one with AS."),
    ("CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS", "View <viewName> names more columns than its query has: <viewColumns> over <dataColumns>."),
    ("CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS", "View <viewName> names fewer columns than its query has: <viewColumns> over <dataColumns>."),
    ("DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "In <sqlExpr> the two sides have types that do not go together: <left> and <right>. Cast one of them."),
    ("DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE", "<sqlExpr> needs <inputType>, not <actualDataType>."),
    ("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", "In <sqlExpr>, <srcType> cannot be cast to <targetType>."),
    ("DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION", "In <sqlExpr>, <srcType> cannot be cast to <targetType> under ANSI rules. Setting <config> to <configVal> allows it."),
    ("DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION", "In <sqlExpr>, <srcType> cannot be cast to <targetType>. Use <functionNames> instead."),
    ("DATATYPE_MISMATCH.DATA_DIFF_TYPES", "In <sqlExpr>, all inputs of <functionName> must have one type, not <dataType>."),
    ("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "The filter <filter> is of type <type>, but must be true or false."),
    ("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "In <sqlExpr>, values of type <dataType> have no order, which <functionName> needs."),
    ("DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH", "IN compares <leftLength> columns with <rightLength> of the subquery. Left: <leftColumns>. Right: <rightColumns>."),
    ("DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES", "In <sqlExpr>, <functionName> needs a map and a key of its type, not <leftType> and <rightType>. Cast the key."),
    ("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "In <sqlExpr>, <inputName> must be a constant of type <inputType>, not <inputExpr>."),
    ("DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER", "A range frame with a distance needs exactly one ORDER BY expression, not <orderSpec>."),
    ("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE", "The <location> bound of the window frame is of type <exprType>, but must be <expectedType>."),
    ("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON", "The lower bound of a window frame must be <comparison> the upper bound."),
    ("DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT", "<sqlExpr>: <msg><hint>"),
    ("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "In <sqlExpr>, the <paramIndex> parameter must be <requiredType>, but <inputSql> is of type <inputType>."),
    ("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "In <sqlExpr>, <exprName> must be between <valueRange>, not <currentValue>."),
    ("DATATYPE_MISSING_SIZE", "Type <type> needs a length, as in <type>(10)."),
    ("DATA_SOURCE_NOT_FOUND", "There is no data source called <provider>. Check the name of the format."),
    ("DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION", "<rangeMessage>. Setting <ansiConfig> to \"false\" gives NULL instead."),
    ("DATETIME_OVERFLOW", "The date or time leaves the years 1 to 9999 in: <operation>."),
    ("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "A decimal of <precision> digits is too long; <maxPrecision> is the most."),
    ("DISTINCT_WINDOW_FUNCTION_UNSUPPORTED", "DISTINCT is not possible over a window: <windowExpr>."),
    ("DIVIDE_BY_ZERO", "A number was divided by zero. Use `try_divide` to get NULL instead, or set <config> to \"false\"."),
    ("DUPLICATED_CTE_NAMES", "WITH names the same query twice: <duplicateNames>."),
    ("DUPLICATED_MAP_KEY", "The map key <key> occurs twice. Setting <mapKeyDedupPolicy> to \"LAST_WIN\" keeps the last value."),
    ("DUPLICATE_ASSIGNMENTS", "These are assigned more than once: <nameList>."),
    ("EXCEED_LIMIT_LENGTH", "A text is longer than the <limit> characters its column can hold."),
    ("EXCEPT_OVERLAPPING_COLUMNS", "The columns of EXCEPT overlap: <columns>."),
    ("EXPECT_PERMANENT_VIEW_NOT_TEMP", "<operation> needs a view that is kept; <viewName> is temporary."),
    ("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "<operation> needs a table, but <viewName> is a view."),
    ("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", "<operation> needs a view; <tableName> is a table."),
    ("EXPECT_VIEW_NOT_TABLE.USE_ALTER_TABLE", "<operation> needs a view; <tableName> is a table. Use ALTER TABLE."),
    ("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "The file <path> could not be read: its end is damaged, or it is of another format."),
    ("FAILED_READ_FILE.FILE_NOT_EXIST", "The file <path> is gone since the query was planned. Read it again."),
    ("FAILED_READ_FILE.NO_HINT", "The file <path> could not be read."),
    ("FIELD_ALREADY_EXISTS", "Cannot <op>: field <fieldNames> is already part of <struct>."),
    ("FIELD_NOT_FOUND", "There is no field <fieldName>. The fields are: <fields>."),
    ("GROUPING_COLUMN_MISMATCH", "<grouping> is not among the grouping columns <groupingColumns>."),
    ("GROUP_BY_POS_AGGREGATE", "GROUP BY <index> points at an aggregate: <aggExpr>. Name a plain column instead."),
    ("GROUP_BY_POS_OUT_OF_RANGE", "GROUP BY <index> is not a position in the select list, which has <size> columns."),
    ("INCOMPATIBLE_COLUMN_TYPE", "<operator> needs columns of matching types, but the <columnOrdinalNumber> column of the <tableOrdinalNumber> table is <dataType1> and not <dataType2>.<hint>"),
    ("INCOMPATIBLE_DATA_FOR_TABLE.AMBIGUOUS_COLUMN_NAME", "The rows for table <tableName> have column <colName> more than once."),
    ("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST", "Column <colName> of table <tableName> is of type <targetType>; a value of type <srcType> may not fit. Cast it."),
    ("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS", "The rows for table <tableName> have columns it does not know: <extraColumns>."),
    ("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", "The datetime pattern <pattern> is not understood. Spark 2 read it otherwise; write it with the letters of Spark 3 and later."),
    ("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", "Datetime patterns by week are not possible: <c>. Use `extract` for week and year of week."),
    ("INDETERMINATE_COLLATION_IN_EXPRESSION", "<expr> compares strings of different collations. Say which one is meant with COLLATE."),
    ("INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS", "The rows for table <tableName> have too few columns: <dataColumns> for <tableColumns>."),
    ("INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS", "The rows for table <tableName> have too many columns: <dataColumns> for <tableColumns>."),
    ("INSERT_PARTITION_COLUMN_ARITY_MISMATCH", "The rows for table <tableName> have the columns <dataColumns>; with the partition columns <staticPartCols> that is not <tableColumns>."),
    ("INTERNAL_ERROR", "<message>"),
    ("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", "An interval left its range while calculating."),
    ("INTERVAL_DIVIDED_BY_ZERO", "An interval was divided by zero. Use `try_divide` to get NULL instead."),
    ("INVALID_ARRAY_INDEX", "Index <indexValue> is outside an array of <arraySize> elements. Use `get()` to get NULL instead."),
    ("INVALID_ARRAY_INDEX_IN_ELEMENT_AT", "Position <indexValue> is outside an array of <arraySize> elements. Use `try_element_at` to get NULL instead."),
    ("INVALID_BUCKET_COLUMN_DATA_TYPE", "A table cannot be bucketed by a column of the type <type>."),
    ("INVALID_CONF_VALUE.REQUIREMENT", "Setting <confName> cannot be <confValue>: <confRequirement>."),
    ("INVALID_CONF_VALUE.TIME_ZONE", "Setting <confName> cannot be <confValue>: that is no time zone. Zones are named as in `Europe/Berlin`, or are offsets as `+02:00`."),
    ("INVALID_CONF_VALUE.TYPE_MISMATCH", "Setting <confName> must be <confType>, not <confValue>."),
    ("INVALID_CORRUPT_RECORD_TYPE", "The column <columnName> for records that do not fit must be a nullable string, not <actualType>."),
    ("INVALID_CURSOR.DISCONNECTED", "Another reader has taken over this result."),
    ("INVALID_CURSOR.NOT_REATTACHABLE", "This operation was started without reattaching, so its stream cannot be continued."),
    ("INVALID_CURSOR.POSITION_NOT_AVAILABLE", "Response <responseId> at <index> was already released."),
    ("INVALID_CURSOR.POSITION_NOT_FOUND", "This operation has sent no response <responseId>."),
    ("INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "The datetime pattern <pattern> has the letter <c>, which means nothing there."),
    ("INVALID_EXTRACT_BASE_FIELD_TYPE", "No field can be taken out of <base>: it is <other>, not a struct, array or map."),
    ("INVALID_EXTRACT_FIELD", "<field> is not a part of <expr> that can be extracted."),
    ("INVALID_FIELD_NAME", "Field name <fieldName> is not possible: <path> is not a struct."),
    ("INVALID_FORMAT.MISMATCH_INPUT", "The <inputType> <input> does not follow the format <format>."),
    ("INVALID_HANDLE.FORMAT", "Handle <handle> is not a UUID."),
    ("INVALID_HANDLE.OPERATION_ABANDONED", "Operation <handle> was dropped because nobody read it."),
    ("INVALID_HANDLE.OPERATION_ALREADY_EXISTS", "There already is an operation <handle>."),
    ("INVALID_HANDLE.OPERATION_NOT_FOUND", "There is no operation <handle>."),
    ("INVALID_HANDLE.SESSION_CHANGED", "Session <handle> was started anew on the server. Make a new session."),
    ("INVALID_HANDLE.SESSION_CLOSED", "Session <handle> is closed. Make a new session."),
    ("INVALID_HANDLE.SESSION_NOT_FOUND", "There is no session <handle>. Make a new session."),
    ("INVALID_IDENTIFIER", "<ident> is not a plain name. Put it in back-quotes."),
    ("INVALID_INDEX_OF_ZERO", "Positions start at 1 from the front or -1 from the end; 0 is neither."),
    ("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "Row <rowIndex> of VALUES has <actualNumCols> columns instead of <expectedNumCols>."),
    ("INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH", "The lambda takes <actualNumArgs> arguments, but is given <expectedNumArgs>."),
    ("INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE", "<name> <expr> must be an integer, not <dataType>."),
    ("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE", "<name> <expr> must not be negative, but is <v>."),
    ("INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL", "<name> <expr> must not be NULL."),
    ("INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE", "<name> <expr> must be a constant."),
    ("INVALID_NUMERIC_LITERAL_RANGE", "The number <rawStrippedQualifier> is outside the range of <typeName>: <minValue> to <maxValue>."),
    ("INVALID_PARAMETER_VALUE.PATTERN", "<functionName>: <value> is not a regular expression."),
    ("INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", "<functionName>: the expression has groups 0 to <groupCount>, but group <groupIndex> was asked for."),
    ("INVALID_PARTITION_COLUMN_DATA_TYPE", "A table cannot be partitioned by a column of the type <type>."),
    ("INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY", "Table <name> has no partitions."),
    ("INVALID_QUERY_MIXED_QUERY_PARAMETERS", "The text has parameters of both kinds, `:name` and `?`. Use one."),
    ("INVALID_REGEXP_REPLACE", "The replacement '<replacement>' names a group that the pattern '<pattern>' does not have. A `$` or `\\` that means itself is written with a `\\` before it."),
    ("INVALID_SAVE_MODE", "There is no save mode <mode>. The modes are append, overwrite, ignore, error, errorifexists and default."),
    ("INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE", "IN needs at least one value."),
    ("INVALID_STATEMENT_OR_CLAUSE", "There is no statement <operation> here."),
    ("INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN", "A subquery used as a value must have one column, not <number>."),
    ("INVALID_TEMP_OBJ_REFERENCE", "<obj> <objName> is to stay, so it cannot use the temporary <tempObj> <tempObjName>. Make that permanent, or the other temporary."),
    ("INVALID_TIMEZONE", "There is no time zone <timeZone>. Write an offset like +02:00 or a region like Europe/Paris."),
    ("INVALID_TYPED_LITERAL", "<value> is not a <valueType> literal."),
    ("INVALID_USAGE_OF_STAR_OR_REGEX", "<elem> cannot be used in <prettyName>."),
    ("INVALID_WHERE_CONDITION", "The condition <condition> cannot hold <expressionList>: WHERE looks at one row at a time. Use HAVING for aggregates, or a subquery."),
    ("JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE", "The join condition <joinCondition> is of type <conditionType>, but must be true or false."),
    ("LOCATION_ALREADY_EXISTS", "Table <identifier> would lie at <location>, where there is something already. Remove it, or give the table a LOCATION."),
    ("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "A record does not fit the schema: <badRecord>. Reading with mode PERMISSIVE puts NULL instead of failing as <failFastMode> does."),
    ("MISSING_AGGREGATION", "<expression> is neither grouped by nor aggregated. Add it to GROUP BY, or use <expressionAnyValue> if any value will do."),
    ("MISSING_GROUP_BY", "Plain columns and aggregates stand side by side without GROUP BY. Add GROUP BY, or give the aggregates an OVER clause."),
    ("MISSING_WINDOW_SPECIFICATION", "There is no window called <windowName>. Define it in a WINDOW clause."),
    ("NESTED_AGGREGATE_FUNCTION", "An aggregate cannot stand inside another. Compute the inner one in a subquery."),
    ("NOT_A_CONSTANT_STRING.NOT_CONSTANT", "<name> needs a text known beforehand, not <expr>."),
    ("NOT_A_PARTITIONED_TABLE", "<operation> needs a table with partitions, which <tableIdentWithDB> is not."),
    ("NULL_MAP_KEY", "A map key must not be NULL."),
    ("NUMERIC_VALUE_OUT_OF_RANGE.WITHOUT_SUGGESTION", "The value <roundedValue> does not fit DECIMAL(<precision>, <scale>)."),
    ("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "The value <value> does not fit DECIMAL(<precision>, <scale>). Setting <config> to \"false\" gives NULL instead."),
    ("NUM_COLUMNS_MISMATCH", "<operator> needs tables with the same number of columns: the first has <firstNumColumns>, the <invalidOrdinalNum> has <invalidNumColumns>."),
    ("OPERATION_CANCELED", "The operation was cancelled."),
    ("ORDER_BY_POS_OUT_OF_RANGE", "ORDER BY <index> is not a position in the select list, which has <size> columns."),
    ("PARSE_EMPTY_STATEMENT", "The statement is empty."),
    ("PARSE_MODE_UNSUPPORTED", "The function <funcName> has no mode <mode>. Use PERMISSIVE or FAILFAST."),
    ("PARSE_SYNTAX_ERROR", "Syntax error at or near <error><hint>."),
    ("PARTITIONS_ALREADY_EXIST", "Table <tableName> has these partitions already: <partitionList>."),
    ("PARTITIONS_NOT_FOUND", "Table <tableName> has no such partitions or partition columns: <partitionList>."),
    ("PARTITION_BY_NOT_ALLOWED_WITH_INSERT_INTO", "insertInto() takes the partitions of table <tableName> as they are; leave partitionBy() out."),
    ("PATH_ALREADY_EXISTS", "<outputPath> already exists. Write with mode \"overwrite\" to replace it."),
    ("PATH_NOT_FOUND", "There is nothing at <path>. Check the path."),
    ("RECURSIVE_VIEW", "View <viewIdent> would read itself: <newPath>."),
    ("REMAINDER_BY_ZERO", "A remainder by zero was asked for. Use `try_mod` to get NULL instead, or set <config> to \"false\"."),
    ("REQUIRES_SINGLE_PART_NAMESPACE", "<sessionCatalog> has only one level of schemas, but <identifier> names more."),
    ("SCALAR_SUBQUERY_TOO_MANY_ROWS", "A subquery used as a value gave more than one row. Make it give one, with an aggregate or LIMIT 1."),
    ("SCHEMA_ALREADY_EXISTS", "There already is a schema <schemaName>. Drop it first, or say IF NOT EXISTS."),
    ("SCHEMA_NOT_EMPTY", "Database <schemaName> holds tables or views. Drop them first, or use CASCADE."),
    ("SCHEMA_NOT_FOUND", "There is no schema <schemaName>. Check its spelling and its catalog, or say IF EXISTS."),
    ("SQL_CONF_NOT_FOUND", "There is no setting <sqlConf>."),
    ("STATIC_PARTITION_COLUMN_IN_INSERT_COLUMN_LIST", "Column <staticName> has its value in PARTITION already; leave it out of the list of columns."),
    ("TABLE_OR_VIEW_ALREADY_EXISTS", "There already is a table or view <relationName>. Choose another name, drop it first, or say IF NOT EXISTS."),
    ("TABLE_OR_VIEW_NOT_FOUND", "There is no table or view <relationName>. Check its spelling and its schema."),
    ("TASK_WRITE_FAILED", "Writing to <path> failed."),
    ("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "There already is a temporary view <relationName>. Choose another name, or say CREATE OR REPLACE."),
    ("TRAILING_COMMA_IN_SELECT", "There is a comma too much at the end of the select list."),
    ("UNABLE_TO_INFER_SCHEMA", "The columns cannot be told from the files of format <format>. Give the schema."),
    ("UNBOUND_SQL_PARAMETER", "The parameter <name> has no value. Give it with the query."),
    ("UNCLOSED_BRACKETED_COMMENT", "A comment is opened with /* but never closed."),
    ("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "There is no column, variable or function parameter named <objectName>."),
    ("UNRESOLVED_COLUMN.WITH_SUGGESTION", "There is no column, variable or function parameter named <objectName>. Did you mean one of: <proposal>?"),
    ("UNRESOLVED_FIELD.WITHOUT_SUGGESTION", "There is no field <fieldName> in the column <columnPath>."),
    ("UNRESOLVED_FIELD.WITH_SUGGESTION", "There is no field <fieldName> in the column <columnPath>. Did you mean one of: <proposal>?"),
    ("UNRESOLVED_ROUTINE", "There is no function <routineName> in <searchPath>."),
    ("UNRESOLVED_USING_COLUMN_FOR_JOIN", "Column <colName> is missing on the <side> side of the join, which has: <suggestion>."),
    ("UNRESOLVED_VARIABLE", "There is no variable <variableName>. It was looked for in <searchPath>."),
    ("UNSUPPORTED_DATATYPE", "There is no type <typeName>."),
    ("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "Format <format> cannot hold column <columnName> of type <columnType>."),
    ("UNSUPPORTED_EXPR_FOR_OPERATOR", "An aggregate, window or generator cannot stand here: <invalidExprSqls>."),
    ("UNSUPPORTED_FEATURE.COLLATIONS_IN_MAP_KEYS", "The keys of a table's maps cannot have a collation."),
    ("UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_WINDOW", "The alias <lca> of the same select list cannot be used in the window <windowExpr>. Use a subquery."),
    ("UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", "Rows with maps cannot be compared, so DISTINCT, INTERSECT and EXCEPT are not possible: column <colName> is <dataType>."),
    ("UNSUPPORTED_FEATURE.TABLE_OPERATION", "<tableName> does not support <operation>."),
    ("UNSUPPORTED_FEATURE.TIME_TRAVEL", "<relationId> keeps no past that could be read."),
    ("UNSUPPORTED_GENERATOR.MULTI_GENERATOR", "Only one generator is possible in a select list, but there are <num>: <generators>."),
    ("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS", "A generator must stand alone, not inside <expression>."),
    ("UNSUPPORTED_GENERATOR.OUTSIDE_SELECT", "A generator is possible only in the select list, not in <plan>."),
    ("UNSUPPORTED_GROUPING_EXPRESSION", "grouping() and grouping_id() need GROUPING SETS, ROLLUP or CUBE."),
    ("UNSUPPORTED_JOIN_TYPE", "There is no join type <typ>. The types are: <supported>."),
    ("USER_RAISED_EXCEPTION", "<errorMessage>"),
    ("VARIABLE_ALREADY_EXISTS", "There is a variable <variableName> already. Use DECLARE OR REPLACE, or drop it first."),
    ("VARIABLE_NOT_FOUND", "There is no variable <variableName>."),
    ("VIEW_EXCEED_MAX_NESTED_DEPTH", "View <viewName> stands in more than <maxNestedDepth> views."),
    ("WINDOW_FUNCTION_FRAME_NOT_ORDERED", "Window function <wf_name> needs ORDER BY in its window: <wf_expr>."),
    ("WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE", "Window functions are not possible in <clauseName>. Compute them in a subquery."),
    ("WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "Window function <funcName> needs an OVER clause."),
    ("WRONG_COMMAND_FOR_OBJECT_TYPE", "<operation> needs a <requiredType>; <objectName> is a <foundType>. Use <alternative>."),
    ("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "<functionName> takes <expectedNum> parameters, but is given <actualNum>."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::condition;

    fn given(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_are_filled_in_once() {
        let said = sentence("AMBIGUOUS_REFERENCE", &given(&[("name", "`<referenceNames>`"), ("referenceNames", "[`a`, `b`]")]));
        assert_eq!(said, "Reference `<referenceNames>` could be any of: [`a`, `b`]. Say which one by its table or alias.");
    }

    #[test]
    fn a_condition_without_a_sentence_is_said_from_its_name() {
        assert_eq!(sentence("NO_SUCH.THING", &given(&[("what", "x")])), "no such thing (what: x).");
    }

    #[test]
    fn sentences_are_sorted_and_speak_of_parameters_that_exist() {
        assert!(SENTENCES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (name, text) in SENTENCES {
            let Some(known) = condition(name) else { panic!("{name} is not one of Spark's conditions") };
            for place in text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(place, _)| place) {
                assert!(known.parameters.contains(&place), "{name} has no parameter {place}");
            }
        }
    }
}
