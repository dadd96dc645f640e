-- Order entry in the manner of TPC-C (its five kinds of tables that are written to, its shares of new orders,
-- payments and deliveries), small enough to be prepared in seconds. Not a TPC-C result: no think times, no
-- read-only transactions, no audit.
if sysbench.cmdline.command == nil then
  error("a command is required: prepare, run, cleanup")
end
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "connection.lua")
drops_tables("warehouse", "district", "customer", "stock", "orders", "new_order", "order_line", "history")

sysbench.cmdline.options = {
  warehouses = {"warehouses; each has ten districts", 4},
  customers = {"customers of a district", 300},
  items = {"items in stock of a warehouse", 5000}
}

local tables = {
  [[CREATE TABLE warehouse (w_id INT PRIMARY KEY, name VARCHAR(10), ytd DECIMAL(14,2) NOT NULL)]],
  [[CREATE TABLE district (w_id INT, d_id INT, ytd DECIMAL(14,2) NOT NULL, next_o_id INT NOT NULL,
    PRIMARY KEY (w_id, d_id))]],
  [[CREATE TABLE customer (w_id INT, d_id INT, c_id INT, last_name VARCHAR(16), balance DECIMAL(12,2) NOT NULL,
    ytd_payment DECIMAL(12,2) NOT NULL, payments INT NOT NULL, data VARCHAR(300),
    PRIMARY KEY (w_id, d_id, c_id), KEY by_name (w_id, d_id, last_name))]],
  [[CREATE TABLE stock (w_id INT, i_id INT, quantity INT NOT NULL, ytd INT NOT NULL, orders INT NOT NULL,
    data CHAR(50), PRIMARY KEY (w_id, i_id))]],
  [[CREATE TABLE orders (w_id INT, d_id INT, o_id INT, c_id INT NOT NULL, entered DATETIME NOT NULL, carrier INT,
    lines_count INT NOT NULL, PRIMARY KEY (w_id, d_id, o_id), KEY by_customer (w_id, d_id, c_id, o_id))]],
  [[CREATE TABLE new_order (w_id INT, d_id INT, o_id INT, PRIMARY KEY (w_id, d_id, o_id))]],
  [[CREATE TABLE order_line (w_id INT, d_id INT, o_id INT, number INT, i_id INT NOT NULL, delivered DATETIME,
    quantity INT NOT NULL, amount DECIMAL(8,2) NOT NULL, info CHAR(24), PRIMARY KEY (w_id, d_id, o_id, number))]],
  [[CREATE TABLE history (id BIGINT AUTO_INCREMENT PRIMARY KEY, w_id INT, d_id INT, c_id INT, paid DATETIME,
    amount DECIMAL(8,2), data VARCHAR(24))]]
}

local function uniform(low, high) return sysbench.rand.uniform(low, high) end
local function letters(count) return sysbench.rand.string(string.rep("@", count)) end

function prepare()
  local connection = sysbench.sql.driver():connect()
  for _, statement in ipairs(tables) do connection:query(statement .. " ENGINE=InnoDB") end
  for w = 1, sysbench.opt.warehouses do
    connection:query(("INSERT INTO warehouse VALUES (%d, '%s', 300000)"):format(w, letters(8)))
    connection:bulk_insert_init("INSERT INTO stock VALUES")
    for i = 1, sysbench.opt.items do
      connection:bulk_insert_next(("(%d, %d, %d, 0, 0, '%s')"):format(w, i, uniform(10, 100), letters(50)))
    end
    connection:bulk_insert_done()
    for d = 1, 10 do
      connection:query(("INSERT INTO district VALUES (%d, %d, 30000, 1)"):format(w, d))
      connection:bulk_insert_init("INSERT INTO customer VALUES")
      for c = 1, sysbench.opt.customers do
        connection:bulk_insert_next(("(%d, %d, %d, '%s', -10, 10, 1, '%s')"):format(w, d, c, letters(12), letters(200)))
      end
      connection:bulk_insert_done()
    end
  end
end

local function run(statement, ...) return connection:query(statement:format(...)) end

local function new_order(w, d)
  local order = connection:query_row(
    ("SELECT next_o_id FROM district WHERE w_id = %d AND d_id = %d FOR UPDATE"):format(w, d))
  local count = uniform(5, 15)
  run("UPDATE district SET next_o_id = next_o_id + 1 WHERE w_id = %d AND d_id = %d", w, d)
  run("INSERT INTO orders VALUES (%d, %d, %d, %d, NOW(), NULL, %d)", w, d, order, uniform(1, sysbench.opt.customers), count)
  run("INSERT INTO new_order VALUES (%d, %d, %d)", w, d, order)
  -- In the order of the items, so that new orders do not deadlock on the stock.
  local items = {}
  for number = 1, count do items[number] = uniform(1, sysbench.opt.items) end
  table.sort(items)
  for number, item in ipairs(items) do
    local quantity = uniform(1, 10)
    run("UPDATE stock SET quantity = IF(quantity >= %d, quantity, quantity + 91) - %d, ytd = ytd + %d, orders = orders + 1 WHERE w_id = %d AND i_id = %d",
      quantity + 10, quantity, quantity, w, item)
    run("INSERT INTO order_line VALUES (%d, %d, %d, %d, %d, NULL, %d, %d.%02d, '%s')",
      w, d, order, number, item, quantity, uniform(1, 999), uniform(0, 99), letters(24))
  end
end

local function payment(w, d)
  local amount = uniform(100, 500000) / 100
  local customer = uniform(1, sysbench.opt.customers)
  run("UPDATE warehouse SET ytd = ytd + %.2f WHERE w_id = %d", amount, w)
  run("UPDATE district SET ytd = ytd + %.2f WHERE w_id = %d AND d_id = %d", amount, w, d)
  run("UPDATE customer SET balance = balance - %.2f, ytd_payment = ytd_payment + %.2f, payments = payments + 1 WHERE w_id = %d AND d_id = %d AND c_id = %d",
    amount, amount, w, d, customer)
  run("INSERT INTO history (w_id, d_id, c_id, paid, amount, data) VALUES (%d, %d, %d, NOW(), %.2f, '%s')",
    w, d, customer, amount, letters(20))
end

-- The oldest order of the district that waits, if one does.
local function delivery(w, d)
  local order = connection:query_row(
    ("SELECT MIN(o_id) FROM new_order WHERE w_id = %d AND d_id = %d FOR UPDATE"):format(w, d))
  if order == nil then return end
  run("DELETE FROM new_order WHERE w_id = %d AND d_id = %d AND o_id = %d", w, d, order)
  run("UPDATE orders SET carrier = %d WHERE w_id = %d AND d_id = %d AND o_id = %d", uniform(1, 10), w, d, order)
  run("UPDATE order_line SET delivered = NOW() WHERE w_id = %d AND d_id = %d AND o_id = %d", w, d, order)
end

function event()
  local w, d = uniform(1, sysbench.opt.warehouses), uniform(1, 10)
  local kind = uniform(1, 100)
  connection:query("BEGIN")
  if kind <= 48 then new_order(w, d) elseif kind <= 94 then payment(w, d) else delivery(w, d) end
  connection:query("COMMIT")
end
