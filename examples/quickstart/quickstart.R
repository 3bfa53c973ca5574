# Three questions in R. A script for SparkR becomes one for Emberflow by its first line.
#   Rscript quickstart.R DATA
suppressPackageStartupMessages(library(emberflow))
invisible(sparkR.session())

data <- commandArgs(trailingOnly = TRUE)[[1]]
tpch <- function(table) read.parquet(file.path(data, paste0(table, ".parquet")))

# R's own measurements of New York's air go into files that the programs in other languages read too.
air <- suppressWarnings(createDataFrame(airquality))
write.parquet(air, file.path(data, "airquality.parquet"), mode = "overwrite")
write.df(air, file.path(data, "airquality.csv"), source = "csv", mode = "overwrite", header = "true")

# Which nations' customers brought most revenue in 1995?
lineitem <- tpch("lineitem")
orders <- tpch("orders")
customer <- tpch("customer")
nation <- tpch("nation")
year <- filter(orders, orders$o_orderdate >= "1995-01-01" & orders$o_orderdate < "1996-01-01")
sold <- join(year, lineitem, year$o_orderkey == lineitem$l_orderkey)
sold <- join(sold, customer, sold$o_custkey == customer$c_custkey)
sold <- join(sold, nation, sold$c_nationkey == nation$n_nationkey)
nations <- summarize(
  groupBy(sold, "n_name"),
  revenue = round(sum(sold$l_extendedprice * (lit(1L) - sold$l_discount)), 2),
  orders = count_distinct(sold$o_orderkey)
)
showDF(limit(arrange(nations, desc(nations$revenue)), 5))

# How was the air, month by month? Some days have no reading.
air <- read.df(file.path(data, "airquality.csv"), "csv", header = "true", inferSchema = "true")
months <- summarize(
  groupBy(air, "Month"),
  days = count(air$Day),
  without_ozone = sum(ifelse(isNull(air$Ozone), 1L, 0L)),
  temperature = round(avg(air$Temp), 1),
  wind = max(air$Wind)
)
showDF(arrange(months, "Month"))

# Which days were the hottest of their month?
createOrReplaceTempView(read.parquet(file.path(data, "airquality.parquet")), "air")
showDF(sql("
  SELECT Month, Day, Temp, Temp - lag(Temp) OVER (ORDER BY Month, Day) AS change
  FROM air
  QUALIFY rank() OVER (PARTITION BY Month ORDER BY Temp DESC) = 1
  ORDER BY Month, Day"))
