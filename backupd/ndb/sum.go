package ndb

import (
	"errors"
	"slices"
	"strings"
)

// CHECKSUM TABLE is of no use: seen with 9.7.2, the same rows in another order sum up otherwise where
// there are bits or NULLs. So each row is digested by itself, and the digests are added up.

// sumMark begins a checksum that is made so; another way of making it would have another mark.
const sumMark = "kagu1:"

// columnsQuery asks for the columns of a table, in their order, and their types.
func columnsQuery(t table) string {
	return "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = " + text(t.schema) + " AND TABLE_NAME = " + text(t.name) + " ORDER BY ORDINAL_POSITION"
}

// long are the types whose values are digested before they are put beside the others.
var long = []string{"char", "varchar", "binary", "varbinary", "tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json", "geometry"}

// sumQuery digests each row of a table and adds the digests up. columns are names and types.
func sumQuery(t table, columns [][2]string) (string, error) {
	if len(columns) == 0 {
		return "", errors.New("the account sees no column of " + t.sql())
	}
	var values []string
	for _, c := range columns {
		value := "CAST(" + quote(c[0]) + " AS BINARY)"
		if slices.Contains(long, strings.ToLower(c[1])) {
			value = "SHA2(" + value + ", 256)"
		} else {
			value = "HEX(" + value + ")"
		}
		values = append(values, "COALESCE("+value+", '-')")
	}
	row := "SHA2(CONCAT_WS(',', " + strings.Join(values, ", ") + "), 256)"
	return "SELECT CONCAT('" + sumMark + "', COALESCE(SUM(CAST(CONV(LEFT(" + row + ", 15), 16, 10) AS UNSIGNED)), 0)) FROM " + t.sql(), nil
}
