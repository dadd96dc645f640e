-- What the loads have in common: each thread of sysbench has a connection of its own, `connection`, while it runs; and
-- `cleanup` drops the tables that the load has named by drops_tables(…).
local tables = {}

function drops_tables(...)
  tables = {...}
end

function cleanup()
  local connection = sysbench.sql.driver():connect()
  for _, name in ipairs(tables) do
    connection:query("DROP TABLE IF EXISTS " .. name)
  end
end

function thread_init()
  connection = sysbench.sql.driver():connect()
end

function thread_done()
  connection:disconnect()
end
